//! `coffer books export`

use coffer_domain::{
    books::{Held, Total},
    money::Currency,
    time::{Span, Timestamp},
};
use coffer_engine::{
    books::{Period, StatementLine},
    engine::Engine,
};
use serde_json::{Value, json};

use super::Whose;
use crate::{failure::Failure, terminal::Terminal};

/// The columns, in this order for ever; new ones go to the end.
const COLUMNS: [&str; 11] = [
    "merchant",
    "iso",
    "network",
    "opening",
    "in",
    "out",
    "closing",
    "value_currency",
    "value_in",
    "in_without_value",
    "value_out",
];

pub(super) async fn run(
    engine: &Engine,
    whose: &Whose,
    from: Option<&str>,
    to: Option<&str>,
    terminal: Terminal,
) -> Result<(), Failure> {
    let start = Timestamp::from_seconds(0);
    let period = Period {
        environment: whose.environment(),
        merchant: whose.merchant(engine).await?,
        from: from.map_or(Ok(start), |text| day("--from", text))?,
        to: to.map_or(Ok(engine.now().plus(Span::from_seconds(1))), |text| day("--to", text))?,
    };
    if period.to <= period.from {
        return Err(Failure::new("--to must be behind --from"));
    }
    let lines = engine.statement(period).await?;
    let rows: Vec<_> = lines.iter().map(|line| row(engine, line)).collect();
    terminal.answer(
        || json!({"rows": rows.iter().map(object).collect::<Vec<_>>()}),
        || {
            let head = COLUMNS.join(",");
            let rows = rows.iter().map(|row| row.join(","));
            let lines: Vec<String> = std::iter::once(head).chain(rows).collect();
            format!("{}\n", lines.join("\n"))
        },
    )
}

/// The first moment of a day in UTC.
fn day(option: &str, text: &str) -> Result<Timestamp, Failure> {
    let refused = |_| Failure::new(format!("{option}: {text} is no day such as 2026-01-31"));
    let day: jiff::civil::Date = text.parse().map_err(refused)?;
    let time = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(refused)?.timestamp();
    Ok(Timestamp::from_seconds(time.as_second()))
}

/// No cell holds a comma or a quotation mark: ids, codes and numbers.
fn row(engine: &Engine, line: &StatementLine) -> [String; COLUMNS.len()] {
    let (asset, currency) = (line.asset, line.currency);
    let amount = |total: Total| super::amount(engine, asset, Held::Right(total));
    let value = |total: Total| match engine.catalogue().decimals(currency) {
        Some(decimals) => total.decimal(decimals),
        None => format!("{total} base units"),
    };
    let priced_in = match currency {
        Currency::Fiat(iso) => iso.to_string(),
        Currency::Coin(coin) => coin.to_string(),
    };
    [
        line.merchant.text(),
        asset.iso.to_string(),
        asset.network.to_string(),
        super::amount(engine, asset, line.opening),
        amount(line.incoming),
        amount(line.outgoing),
        super::amount(engine, asset, line.closing),
        priced_in,
        value(line.value),
        amount(line.without_value),
        value(line.value_out),
    ]
}

fn object(row: &[String; COLUMNS.len()]) -> Value {
    let cells = COLUMNS.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), json!(cell)));
    Value::Object(cells.collect())
}
