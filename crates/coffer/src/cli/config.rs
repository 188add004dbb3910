//! `coffer config …`

use serde_json::json;

use super::ConfigCommand;
use crate::{
    failure::Failure,
    settings::{DEFAULT, Origin, Settings, Shown, Sources},
    terminal::{self, Terminal, columns},
};

pub(super) fn run(
    command: &ConfigCommand,
    sources: &Sources<'_>,
    terminal: Terminal,
) -> Result<(), Failure> {
    match command {
        ConfigCommand::Default => terminal::print(DEFAULT),
        ConfigCommand::Check => check(sources, terminal),
    }
}

fn check(sources: &Sources<'_>, terminal: Terminal) -> Result<(), Failure> {
    let settings = match Settings::load(sources) {
        Ok(settings) => settings,
        Err(mistakes) => {
            if terminal.json {
                let object = |mistake: &crate::settings::Mistake| {
                    json!({
                        "path": mistake.path,
                        "origin": mistake.origin.as_ref().map(ToString::to_string),
                        "text": mistake.text,
                    })
                };
                let all: Vec<_> = mistakes.0.iter().map(object).collect();
                terminal::print(&format!("{}\n", json!({"mistakes": all})))?;
            }
            return Err(mistakes.into());
        }
    };
    let file = settings.file.as_ref().map(|file| file.display().to_string());
    let warnings = settings.warnings();
    terminal.answer(
        || {
            let object = |shown: &Shown| {
                let origin = shown.origin.to_string();
                json!({"path": shown.path, "value": shown.value, "origin": origin})
            };
            let all: Vec<_> = settings.shown.iter().map(object).collect();
            json!({"mistakes": [], "warnings": warnings, "file": file, "settings": all})
        },
        || {
            let file = file.clone().unwrap_or_else(|| "none, so defaults hold".to_owned());
            let row = |shown: &Shown| {
                let origin = match &shown.origin {
                    Origin::Default => String::new(),
                    origin => format!("({origin})"),
                };
                vec![format!("  {} = {}", shown.path, shown.value), origin]
            };
            let rows: Vec<_> = settings.shown.iter().map(row).collect();
            let warnings: String =
                warnings.iter().map(|warning| format!("Warning: {warning}\n")).collect();
            format!("The settings are right. File: {file}\n{warnings}{}", columns(&rows))
        },
    )
}
