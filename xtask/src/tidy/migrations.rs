//! Migrations come in pairs: one for each database, of the same number and name.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Tree};

const FOLDERS: [(&str, &str); 2] =
    [("/migrations/sqlite/", "postgres"), ("/migrations/postgres/", "sqlite")];

/// Migrations without a twin, of an ill-formed name, or that leave a gap in the numbers.
pub fn twins(tree: &Tree) -> Vec<Finding> {
    let mut names: [BTreeMap<&str, &str>; 2] = [BTreeMap::new(), BTreeMap::new()];
    let mut found = Vec::new();
    for file in &tree.files {
        for (side, (folder, _)) in FOLDERS.iter().enumerate() {
            let Some((_, name)) = file.path.split_once(folder) else { continue };
            if number(name).is_none() {
                found.push(Finding::of(&file.path, "name it 0001_what_it_does.sql"));
            }
            names[side].insert(name, &file.path);
        }
    }
    for (side, (_, other)) in FOLDERS.iter().enumerate() {
        let alone = names[side].iter().filter(|(name, _)| !names[1 - side].contains_key(*name));
        found.extend(
            alone.map(|(name, path)| Finding::of(path, format!("{other}/{name} is missing"))),
        );
        found.extend(gaps(&names[side]));
    }
    found
}

/// The number in front of a migration's name, if it has the right shape.
fn number(name: &str) -> Option<u32> {
    let (digits, words) = name.strip_suffix(".sql")?.split_once('_')?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let shaped = digits.len() == 4 && !words.is_empty() && words.chars().all(plain);
    digits.parse().ok().filter(|_| shaped)
}

/// Numbers must run 1, 2, 3 … without a gap or a repetition.
fn gaps(names: &BTreeMap<&str, &str>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (name, path) in names {
        let Some(number) = number(name) else { continue };
        let next = seen.last().copied().unwrap_or(0) + 1;
        if !seen.insert(number) {
            found.push(Finding::of(path, format!("the number {number:04} is taken")));
        } else if number != next {
            found.push(Finding::of(path, format!("the next number is {next:04}")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::SourceFile;

    fn check(names: &[&str]) -> Vec<String> {
        let file = |name: &&str| SourceFile::new(&format!("crates/store/migrations/{name}"), "");
        let tree = Tree { files: names.iter().map(file).collect(), ..Tree::default() };
        twins(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn pairs_in_a_row_are_fine() {
        let names = [
            "sqlite/0001_a.sql",
            "postgres/0001_a.sql",
            "sqlite/0002_b.sql",
            "postgres/0002_b.sql",
        ];
        assert_eq!(check(&names), [""; 0]);
    }

    #[test]
    fn a_migration_without_a_twin_is_found_on_either_side() {
        for alone in ["sqlite/0001_a.sql", "postgres/0001_a.sql"] {
            assert_eq!(check(&[alone]).len(), 1, "{alone}");
        }
    }

    #[test]
    fn a_twin_of_another_name_is_none() {
        assert_eq!(check(&["sqlite/0001_a.sql", "postgres/0001_b.sql"]).len(), 2);
    }

    #[test]
    fn a_gap_in_the_numbers_is_found() {
        let names = [
            "sqlite/0001_a.sql",
            "postgres/0001_a.sql",
            "sqlite/0003_b.sql",
            "postgres/0003_b.sql",
        ];
        let found = check(&names);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("the next number is 0002"));
    }

    #[test]
    fn a_number_given_twice_is_found() {
        let names = [
            "sqlite/0001_a.sql",
            "postgres/0001_a.sql",
            "sqlite/0001_b.sql",
            "postgres/0001_b.sql",
        ];
        assert_eq!(check(&names).len(), 2);
    }

    #[test]
    fn a_name_of_another_shape_is_found() {
        for name in ["sqlite/1_a.sql", "sqlite/0001.sql", "sqlite/0001_A.sql", "sqlite/notes.md"] {
            assert!(check(&[name])[0].contains("0001_what_it_does.sql"), "{name}");
        }
    }
}
