//! Who may know whom.

use super::{Finding, Package, Tree};

/// Every package of the workspace and the packages of the workspace it may know, in tests too.
const ROOMS: &[(&str, &[&str])] = &[
    ("coffer-domain", &[]),
    ("coffer-wire", &["coffer-domain"]),
    ("coffer-store", &["coffer-domain"]),
    ("coffer-chains", &["coffer-domain"]),
    ("coffer-outside", &["coffer-domain", "coffer-wire"]),
    ("coffer-engine", &["coffer-domain", "coffer-store", "coffer-wire"]),
    ("coffer-web", &["coffer-domain", "coffer-engine", "coffer-wire"]),
    (
        "coffer",
        &[
            "coffer-domain",
            "coffer-wire",
            "coffer-store",
            "coffer-chains",
            "coffer-outside",
            "coffer-engine",
            "coffer-web",
        ],
    ),
    ("xtask", &[]),
];

/// Libraries that would bring into a room what it must not have, each with the reason.
const IMPURE: &[(&str, &[&str], &str)] = &[
    (
        "coffer-domain",
        &[
            "tokio",
            "serde",
            "serde_json",
            "axum",
            "hyper",
            "reqwest",
            "rusqlite",
            "tokio-postgres",
            "getrandom",
            "rand",
            "jiff",
            "chrono",
            "time",
            "tracing",
        ],
        "the domain is pure: no IO, runtime, clock, randomness or serialisation",
    ),
    (
        "coffer-wire",
        &["tokio", "axum", "hyper", "reqwest", "rusqlite", "tokio-postgres", "getrandom"],
        "the wire says what is said and does no IO",
    ),
    (
        "coffer-store",
        &["axum", "hyper", "reqwest", "serde", "serde_json", "alloy"],
        "the store knows databases and nothing else of the world",
    ),
    (
        "coffer-chains",
        &["axum", "rusqlite", "tokio-postgres"],
        "a chain adapter keeps nothing and serves nobody",
    ),
    (
        "coffer-engine",
        &["axum", "hyper", "reqwest", "rusqlite", "tokio-postgres", "alloy", "serde_json"],
        "the engine knows the world only through ports",
    ),
    (
        "coffer-web",
        &["rusqlite", "tokio-postgres", "deadpool-postgres", "reqwest", "alloy"],
        "the web asks the engine; it sees no SQL and calls nobody",
    ),
];

/// Packages that know a package of the workspace they must not know, or are in no list at all.
pub fn rooms(tree: &Tree) -> Vec<Finding> {
    let ours: Vec<&str> = tree.packages.iter().map(|package| package.name.as_str()).collect();
    let mut found = Vec::new();
    for package in &tree.packages {
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == package.name) else {
            let what = format!("package {} has no place in the list of rooms", package.name);
            found.push(Finding::of(&package.manifest, what));
            continue;
        };
        for known in &package.dependencies {
            let name = known.name.as_str();
            let arrow = ours.contains(&name) || ROOMS.iter().any(|(room, _)| *room == name);
            if arrow && !allowed.contains(&name) {
                let what =
                    format!("{} must not know {name} ({} dependency)", package.name, known.kind);
                found.push(Finding::of(&package.manifest, what));
            }
        }
    }
    found
}

/// Rooms that bring in a library which does what the room must not do. Tests of a room may.
pub fn purity(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (room, libraries, reason) in IMPURE {
        for package in tree.packages.iter().filter(|package| package.name == *room) {
            for used in package.dependencies.iter().filter(|used| used.kind != "dev") {
                if libraries.contains(&used.name.as_str()) {
                    let what = format!("{room} must not use {}: {reason}", used.name);
                    found.push(Finding::of(&package.manifest, what));
                }
            }
        }
    }
    found
}

/// Packages with features: one program, built one way, is the one that was tested.
pub fn features(tree: &Tree) -> Vec<Finding> {
    let tell = |package: &Package| {
        let names = package.features.join(", ");
        Finding::of(&package.manifest, format!("no cargo features here, but found: {names}"))
    };
    tree.packages.iter().filter(|package| !package.features.is_empty()).map(tell).collect()
}

/// Packages that do not take the lints of the workspace.
pub fn lints(tree: &Tree) -> Vec<Finding> {
    let takes = |package: &&Package| {
        let manifest = tree.file(&package.manifest)?.text.parse::<toml::Table>().ok()?;
        manifest.get("lints")?.get("workspace")?.as_bool()
    };
    let missing = tree.packages.iter().filter(|package| takes(package) != Some(true));
    missing.map(|p| Finding::of(&p.manifest, "add `[lints] workspace = true`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{SourceFile, tree::Dependency};

    fn package(name: &str, dependencies: &[(&str, &str)]) -> Package {
        let dependency =
            |(name, kind): &(&str, &str)| Dependency { name: (*name).into(), kind: (*kind).into() };
        Package {
            name: name.into(),
            manifest: format!("crates/{name}/Cargo.toml"),
            dependencies: dependencies.iter().map(dependency).collect(),
            features: Vec::new(),
        }
    }

    fn tree(packages: Vec<Package>) -> Tree {
        Tree { packages, ..Tree::default() }
    }

    #[test]
    fn the_arrows_of_the_plan_are_allowed() {
        let all = |(name, known): &(&str, &[&str])| {
            package(name, &known.iter().map(|k| (*k, "normal")).collect::<Vec<_>>())
        };
        assert_eq!(rooms(&tree(ROOMS.iter().map(all).collect())), []);
    }

    #[test]
    fn a_reversed_arrow_is_found() {
        let reversed = tree(vec![
            package("coffer-domain", &[("coffer-store", "normal")]),
            package("coffer-store", &[("coffer-domain", "normal")]),
        ]);
        let found = rooms(&reversed);
        assert_eq!(found.len(), 1);
        assert!(found[0].what.contains("coffer-domain must not know coffer-store"));
    }

    #[test]
    fn an_arrow_of_a_test_counts() {
        for kind in ["dev", "build"] {
            let found = rooms(&tree(vec![package("coffer-engine", &[("coffer-chains", kind)])]));
            assert_eq!(found.len(), 1, "{kind}");
        }
    }

    #[test]
    fn xtask_names_no_room() {
        assert_eq!(rooms(&tree(vec![package("xtask", &[("coffer-store", "normal")])])).len(), 1);
    }

    #[test]
    fn a_new_room_must_be_given_its_arrows() {
        assert_eq!(rooms(&tree(vec![package("coffer-attic", &[])])).len(), 1);
    }

    #[test]
    fn a_clock_in_the_domain_is_found() {
        assert_eq!(purity(&tree(vec![package("coffer-domain", &[("jiff", "normal")])])).len(), 1);
    }

    #[test]
    fn sql_in_the_web_is_found() {
        assert_eq!(purity(&tree(vec![package("coffer-web", &[("rusqlite", "normal")])])).len(), 1);
    }

    #[test]
    fn a_feature_is_found() {
        let mut with = package("coffer-store", &[]);
        with.features.push("fast".into());
        assert_eq!(features(&tree(vec![with])).len(), 1);
        assert_eq!(features(&tree(vec![package("coffer-store", &[])])), []);
    }

    #[test]
    fn a_package_without_the_shared_lints_is_found() {
        let mut tree = tree(vec![package("coffer-store", &[])]);
        let manifest = "crates/coffer-store/Cargo.toml";
        tree.files.push(SourceFile::new(manifest, "[package]\nname = \"coffer-store\"\n"));
        assert_eq!(lints(&tree).len(), 1);
        tree.files = vec![SourceFile::new(manifest, "[lints]\nworkspace = true\n")];
        assert_eq!(lints(&tree), []);
    }
}
