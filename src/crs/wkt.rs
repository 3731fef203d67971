//! Well-known text of coordinate reference systems, version 1 (OGC 01-009), as a tree.

/// `KEYWORD[argument, …]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    keyword: String,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone, PartialEq)]
enum Argument {
    Text(String),
    Number(f64),
    /// A word alone, as the direction of an axis.
    Word(String),
    Node(Node),
}

impl Node {
    /// The tree of a text; `None` where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        match argument(&mut rest)? {
            Argument::Node(node) if rest.is_empty() => Some(node),
            _ => None,
        }
    }

    /// Its keyword.
    pub fn keyword(&self) -> &str {
        &self.keyword
    }

    /// The text that comes first, which is its name.
    pub fn name(&self) -> &str {
        match self.arguments.first() {
            Some(Argument::Text(name)) => name,
            _ => "",
        }
    }

    /// The number at a place among the arguments.
    pub fn number(&self, place: usize) -> Option<f64> {
        match self.arguments.get(place)? {
            Argument::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The word at a place among the arguments.
    pub fn word(&self, place: usize) -> Option<&str> {
        match self.arguments.get(place)? {
            Argument::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The first node below of a keyword.
    pub fn child<'a>(&'a self, keyword: &'a str) -> Option<&'a Self> {
        self.children(keyword).next()
    }

    /// The nodes below of a keyword.
    pub fn children<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a Self> {
        self.arguments.iter().filter_map(move |argument| match argument {
            Argument::Node(node) if node.keyword == keyword => Some(node),
            _ => None,
        })
    }

    /// The code of EPSG that it names.
    pub fn code(&self) -> Option<u32> {
        match self.child("AUTHORITY")?.arguments.get(1)? {
            Argument::Text(code) => code.parse().ok(),
            _ => None,
        }
    }
}

/// Takes an argument off the front.
fn argument(rest: &mut &str) -> Option<Argument> {
    if let Some(quoted) = rest.strip_prefix('"') {
        let (text, behind) = quoted.split_once('"')?;
        *rest = behind;
        return Some(Argument::Text(text.to_owned()));
    }
    let end = rest.find([',', '[', ']']).unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    *rest = behind;
    let Some(inside) = rest.strip_prefix('[') else {
        return Some(word.parse().map_or_else(|_| Argument::Word(word.to_owned()), Argument::Number));
    };
    *rest = inside;
    let mut arguments = Vec::new();
    loop {
        arguments.push(argument(rest)?);
        if let Some(behind) = rest.strip_prefix(']') {
            *rest = behind;
            return Some(Argument::Node(Node { keyword: word.to_owned(), arguments }));
        }
        *rest = rest.strip_prefix(',')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_names_numbers_and_codes() {
        let tree =
            Node::parse(r#"PROJCS["a, [b]",UNIT["metre",1],AXIS["X",EAST],AUTHORITY["EPSG","2154"]]"#).unwrap();
        assert_eq!((tree.keyword(), tree.name(), tree.code()), ("PROJCS", "a, [b]", Some(2154)));
        assert_eq!(tree.child("UNIT").unwrap().number(1), Some(1.0));
        assert_eq!(tree.child("AXIS").unwrap().word(1), Some("EAST"));
        assert!(tree.child("GEOGCS").is_none());
    }

    #[test]
    fn half_a_text_is_none() {
        for text in ["", "A", "A[", "A[1", "A[\"b]", "A[1]]", "A[1],"] {
            assert_eq!(Node::parse(text), None, "{text}");
        }
    }
}
