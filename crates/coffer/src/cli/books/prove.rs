//! `coffer books prove`

use coffer_domain::books::Held;
use coffer_engine::{
    books::{Proof, ProofLine},
    engine::Engine,
};
use serde_json::{Value, json};

use super::{super::chain, amount};
use crate::{
    failure::Failure,
    terminal::{Terminal, columns},
};

pub(super) async fn run(engine: &Engine, network: &str, terminal: Terminal) -> Result<(), Failure> {
    let chain = chain::find(engine, network)?;
    let proof = engine.prove_books(&chain).await;
    let proof = proof.map_err(|refused| Failure::new(refused.to_string()))?;
    terminal.answer(|| object(engine, &proof), || lines(engine, network, &proof))?;
    let wrong = proof.lines.iter().filter(|line| !line.is_right());
    let wrong: Vec<String> = wrong.map(|line| line.asset.to_string()).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let assets = wrong.join(", ");
    Err(Failure::new(format!(
        "of {assets} the books say something else than payment requests; coffer books check says \
         what"
    )))
}

/// What each line says, by name: amounts as decimals.
fn cells(engine: &Engine, line: &ProofLine) -> [(&'static str, String); 7] {
    let amount = |total| amount(engine, line.asset, Held::Right(total));
    [
        ("booked", super::amount(engine, line.asset, line.booked)),
        ("not_final", amount(line.incoming)),
        ("held", amount(line.held)),
        ("moved_away", amount(line.moved)),
        ("not_booked", amount(line.unbooked)),
        ("merchants", super::amount(engine, line.asset, line.available)),
        ("customers", super::amount(engine, line.asset, line.owed)),
    ]
}

fn object(engine: &Engine, proof: &Proof) -> Value {
    let line = |line: &ProofLine| {
        let mut object = json!({
            "merchant": line.merchant.text(),
            "iso": line.asset.iso.as_str(),
            "network": line.asset.network.as_str(),
            "arrivals": line.arrivals,
            "short": line.is_short(),
        });
        for (name, cell) in cells(engine, line) {
            object[name] = cell.into();
        }
        object
    };
    json!({
        "height": proof.at.height,
        "hash": proof.at.hash,
        "assets": proof.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn lines(engine: &Engine, network: &str, proof: &Proof) -> String {
    let height = proof.at.height;
    if proof.lines.is_empty() {
        return format!("Nothing is booked of {network} up to block {height}.\n");
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in &proof.lines {
        let cells = cells(engine, line);
        if rows.is_empty() {
            let names = cells.iter().map(|(name, _)| name.replace('_', " "));
            rows.push(
                ["merchant", "asset", "arrivals"]
                    .map(str::to_owned)
                    .into_iter()
                    .chain(names)
                    .collect(),
            );
        }
        let begin = [line.merchant.text(), line.asset.to_string(), line.arrivals.to_string()];
        rows.push(begin.into_iter().chain(cells.map(|(_, cell)| cell)).collect());
    }
    let mut text = format!("{network}, after block {height}:\n{}", columns(&rows));
    for line in proof.lines.iter().filter(|line| line.is_short()) {
        text += &format!(
            "{}: customers of {} are owed more than our addresses hold of it; keep it ready \
             elsewhere.\n",
            line.asset,
            line.merchant.text()
        );
    }
    text
}
