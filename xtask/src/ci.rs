//! What is checked, and in which order.

use crate::{
    Failed, defences, generate, nodes,
    plan::{Run, Step, TEST_POSTGRES, Work, carry_out},
    programs, tidy,
};

/// What every commit must pass; about three minutes.
const CHECK: &[Step] = &[FORMAT, TIDY, CLIPPY, FAST_TESTS];

/// What CI runs. A new step is a row here.
const CI: &[Step] = &[
    NODES,
    FORMAT,
    TIDY,
    DENY,
    CLIPPY,
    DOCUMENTATION,
    TESTS,
    GENERATED,
    RELEASE,
    DEMO,
    DEMO_POSTGRES,
    OUTSIDE_PATH,
    OUTSIDE_PATH_POSTGRES,
    SIMULATION,
    BENCHMARK,
    WATCH,
    SOAK,
    BAD_DAYS,
];

const NODES: Step = Step { name: "nodes", work: Work::Own(|| nodes::get(&[])), after: &[] };

const FORMAT: Step =
    Step { name: "format", work: Work::Run(Run::cargo(&["fmt", "--all", "--check"])), after: &[] };

const TIDY: Step = Step { name: "tidy", work: Work::Own(tidy::run), after: &[] };

const DENY: Step = Step { name: "deny", work: Work::Own(nodes::deny), after: &["nodes"] };

const CLIPPY: Step = Step {
    name: "clippy",
    work: Work::Run(Run::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ])),
    after: &[],
};

const DOCUMENTATION: Step = Step {
    name: "documentation",
    work: Work::Run(Run {
        variables: &[("RUSTDOCFLAGS", "-D warnings")],
        ..Run::cargo(&["doc", "--workspace", "--no-deps", "--locked"])
    }),
    after: &[],
};

const FAST_TESTS: Step = Step {
    name: "fast tests",
    work: Work::Tests(Run {
        postgres: &[TEST_POSTGRES],
        ..Run::cargo(&["test", "--workspace", "--lib", "--bins", "--locked", "--no-fail-fast"])
    }),
    after: &[],
};

const TESTS: Step = Step {
    name: "tests",
    work: Work::Tests(Run {
        postgres: &[TEST_POSTGRES],
        ..Run::cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])
    }),
    after: &["nodes"],
};

const GENERATED: Step =
    Step { name: "generated files", work: Work::Own(generate::check), after: &[] };

const RELEASE: Step = Step {
    name: "release build",
    work: Work::Run(Run::cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "coffer",
        "--bins",
    ])),
    after: &[],
};

const DEMO_ONCE: Run =
    Run::cargo(&["run", "--release", "--locked", "--quiet", "--", "demo", "--once"]);

const DEMO: Step = Step { name: "demo", work: Work::Run(DEMO_ONCE), after: &["release build"] };

const DEMO_POSTGRES: Step = Step {
    name: "demo on PostgreSQL",
    work: Work::Run(Run { postgres: &[STORE_URL], ..DEMO_ONCE }),
    after: &["release build"],
};

/// Where the program finds its database.
const STORE_URL: &str = "COFFER_STORE__URL";

const OUTSIDE: Run =
    Run { program: "bash", arguments: &["scripts/outside-path.sh"], variables: &[], postgres: &[] };

const OUTSIDE_PATH: Step =
    Step { name: "path from outside", work: Work::Run(OUTSIDE), after: &["release build"] };

const OUTSIDE_PATH_POSTGRES: Step = Step {
    name: "path from outside on PostgreSQL",
    work: Work::Run(Run { postgres: &[STORE_URL], ..OUTSIDE }),
    after: &["release build"],
};

const SIMULATION: Step = Step {
    name: "simulation",
    work: Work::Own(|| programs::simulate(&["--seeds", "200", "--store", "both"])),
    after: &["release build"],
};

const BENCHMARK: Step = Step {
    name: "benchmark runs",
    work: Work::Own(|| programs::bench(&["create", "--quick"])),
    after: &["release build"],
};

const WATCH: Step = Step {
    name: "watch meets its lines",
    work: Work::Own(|| programs::bench(&["watch", "--quick"])),
    after: &["release build"],
};

const SOAK: Step = Step {
    name: "soak",
    work: Work::Own(|| programs::soak(&["--minutes", "1"])),
    after: &["nodes", "release build"],
};
const BAD_DAYS: Step = Step { name: "bad days", work: Work::Table(defences::report), after: &[] };

/// What every commit must pass.
///
/// # Errors
/// When something failed.
pub fn check() -> Result<(), Failed> {
    carry_out(CHECK)
}

/// Everything CI runs.
///
/// # Errors
/// When something failed.
pub fn ci() -> Result<(), Failed> {
    carry_out(CI)
}
