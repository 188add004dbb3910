//! What is checked, and in which order.

use crate::{
    Failed, generate, nodes,
    plan::{Run, Step, TEST_POSTGRES, Work, carry_out},
    tidy,
};

/// What every commit must pass; about three minutes.
const CHECK: &[Step] = &[FORMAT, TIDY, CLIPPY, FAST_TESTS];

/// What CI runs. A new step is a row here.
const CI: &[Step] = &[NODES, FORMAT, TIDY, DENY, CLIPPY, DOCUMENTATION, TESTS, GENERATED];

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
