//! Links from one document of the checkout to another file of it.

use super::{Finding, SourceFile, Tree};

/// Links of Markdown files that lead to no file or folder of the checkout.
pub fn dead(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        for (number, target) in targets(file) {
            if !target.contains(':') && !leads(tree, &resolve(&file.path, target)) {
                let what = format!("the link to {target} leads nowhere");
                found.push(Finding::at(&file.path, number, what));
            }
        }
    }
    found
}

/// The numbered targets of a document's links, without their anchors.
fn targets(file: &SourceFile) -> impl Iterator<Item = (usize, &str)> {
    file.text.lines().enumerate().flat_map(|(number, line)| {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let paths = targets.map(|(target, _)| target.split('#').next().unwrap_or_default());
        paths.filter(|path| !path.is_empty()).map(move |path| (number + 1, path))
    })
}

/// The path from the root that a link of a document means.
fn resolve(document: &str, target: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn leads(tree: &Tree, path: &str) -> bool {
    let folder = format!("{path}/");
    tree.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Tree {
        let files = [("docs/words.md", text), ("ARCHITECTURE.md", ""), ("docs/images/pay.png", "")];
        let files = files.map(|(path, text)| SourceFile::new(path, text));
        Tree { files: files.into(), ..Tree::default() }
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let found = dead(&tree("See [this](gone.md).\n\nAnd [that](../words.md#a).\n"));
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [Some(1), Some(3)]);
    }

    #[test]
    fn links_to_files_folders_anchors_and_elsewhere_are_fine() {
        let text = "[a](../ARCHITECTURE.md#map) [b](images) ![c](./images/pay.png) [d](#here) \
                    [e](https://example.com/x)";
        assert_eq!(dead(&tree(text)), []);
    }
}
