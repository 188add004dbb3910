use super::{Tree, findings};

#[test]
fn the_checkout_is_tidy() {
    let tree = Tree::of_checkout().expect("the checkout can be read");
    let found: Vec<String> = findings(&tree).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}
