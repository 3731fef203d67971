//! What a survey is made under.

/// What a survey is made under: sightings under other terms do not go together. Names and values, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms(pub Vec<(String, String)>);

impl Terms {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The name that the area was asked for by: a commune, a département. A box or a polygon is described by numbers,
    /// which are no name.
    pub fn area_name(&self) -> Option<&str> {
        self.get("area").filter(|area| area.starts_with(char::is_alphabetic))
    }

    /// A line for each term in which these, of the file, differ from those of now.
    pub(super) fn difference(&self, now: &Self) -> String {
        let mut names: Vec<&str> = self.0.iter().chain(&now.0).map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let differing = names.into_iter().filter(|name| self.get(name) != now.get(name));
        let value = |terms: &Self, name: &str| terms.get(name).unwrap_or("not set").to_owned();
        let lines =
            differing.map(|name| format!("  {name}: {} in the file, {} now", value(self, name), value(now, name)));
        lines.collect::<Vec<_>>().join("\n")
    }
}
