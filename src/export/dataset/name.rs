//! Names of files and folders out of what servers and files call their pictures.

use std::collections::BTreeSet;

/// The longest name, bytes: room for an ending and a number behind it is left.
const MAX_LENGTH: usize = 100;

/// A name that every file system takes: letters, digits, `-`, `_` and points of ASCII, not beginning with a point.
pub fn safe(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let name: String = text.chars().take(MAX_LENGTH).map(plain).collect();
    let name = name.trim_matches('.');
    if name.is_empty() { "_".to_owned() } else { name.to_owned() }
}

/// Names that were given already. Those that differ in case alone count as equal, as on some file systems.
#[derive(Debug, Default)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// A safe name for a picture that no other has, without the ending of its id.
    pub fn unique(&mut self, id: &str) -> String {
        let lower = id.to_ascii_lowercase();
        let ending = [".jpeg", ".jpg", ".png", ".webp"].into_iter().find(|ending| lower.ends_with(ending));
        let name = safe(&id[..id.len() - ending.map_or(0, str::len)]);
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let free =
            std::iter::once(name.clone()).chain(numbered).find(|name| self.0.insert(name.to_ascii_lowercase()));
        free.unwrap_or(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_plain_and_differ() {
        let mut names = Names::default();
        let ids = ["pass-1/0001.jpg", "pass-1_0001", "PASS-1/0001.JPEG", "../../etc/passwd", "", "é", ".jpg"];
        let given = ids.map(|id| names.unique(id));
        assert_eq!(given, ["pass-1_0001", "pass-1_0001-2", "PASS-1_0001-3", "_.._etc_passwd", "_", "_-2", "_-3"]);
    }

    proptest! {
        #[test]
        fn no_id_leaves_the_folder(id in "\\PC{0,200}|[./\\\\]{0,20}") {
            let name = Names::default().unique(&id);
            prop_assert!(!name.is_empty() && name.len() <= MAX_LENGTH && !name.starts_with('.'));
            prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
        }
    }
}
