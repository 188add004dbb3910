//! `coffer books prove`

use coffer_engine::{
    books::{Proof, ProofLine},
    engine::Engine,
};
use serde_json::{Value, json};

use super::{super::chain, decimals};
use crate::{
    failure::Failure,
    terminal::{Terminal, columns},
};

pub(super) async fn run(engine: &Engine, network: &str, terminal: Terminal) -> Result<(), Failure> {
    let chain = chain::find(engine, network)?;
    let proof = engine.prove_books(&chain).await;
    let proof = proof.map_err(|refused| Failure::new(refused.to_string()))?;
    terminal.answer(|| object(engine, &proof), || lines(engine, network, &proof))?;
    let short = proof.lines.iter().filter(|line| line.is_short());
    let short: Vec<String> = short.map(|line| line.asset.to_string()).collect();
    if short.is_empty() {
        return Ok(());
    }
    let assets = short.join(", ");
    Err(Failure::new(format!("of {assets} customers are owed more than our addresses hold")))
}

/// What each line says, by name: amounts as decimals.
fn cells(engine: &Engine, line: &ProofLine) -> [(&'static str, String); 7] {
    let decimals = decimals(engine, line.asset);
    [
        ("booked", line.treasury.decimal(decimals)),
        ("not_final", line.incoming.decimal(decimals)),
        ("held", line.held.decimal(decimals)),
        ("moved_away", line.moved.decimal(decimals)),
        ("not_booked", line.unbooked.decimal(decimals)),
        ("merchants", line.available.decimal(decimals)),
        ("customers", line.owed.decimal(decimals)),
    ]
}

fn object(engine: &Engine, proof: &Proof) -> Value {
    let line = |line: &ProofLine| {
        let mut object = json!({
            "iso": line.asset.iso.as_str(),
            "network": line.asset.network.as_str(),
            "arrivals": line.arrivals,
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
            rows.push(["asset", "arrivals"].map(str::to_owned).into_iter().chain(names).collect());
        }
        let begin = [line.asset.to_string(), line.arrivals.to_string()];
        rows.push(begin.into_iter().chain(cells.map(|(_, cell)| cell)).collect());
    }
    format!("{network}, after block {height}:\n{}", columns(&rows))
}
