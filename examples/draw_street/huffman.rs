//! Huffman codes of at most sixteen bits, fitted to what they have to say (ITU-T T.81, annex K.2).

const LONGEST: usize = 16;

pub struct Huffman {
    /// How many codes there are of each length from 1 to 16.
    pub counts: [u8; LONGEST],
    /// The symbols from the shortest to the longest code.
    pub symbols: Vec<u8>,
    words: [(u16, u8); 256],
}

impl Huffman {
    /// The code that says these symbols in the fewest bits.
    pub fn fitted(symbols: impl Iterator<Item = u8>) -> Self {
        let mut uses = [0_u64; 256];
        symbols.for_each(|symbol| uses[usize::from(symbol)] += 1);
        Self::of_counts(&uses)
    }

    /// The code word of a symbol, and its length.
    pub fn word(&self, symbol: u8) -> (u16, u8) {
        self.words[usize::from(symbol)]
    }

    fn of_counts(uses: &[u64; 256]) -> Self {
        let mut by_length: Vec<(usize, u8)> = Vec::new();
        let mut per_length = [0_usize; 256];
        for (symbol, length) in lengths(uses) {
            per_length[length] += 1;
            if let Ok(symbol) = u8::try_from(symbol) {
                by_length.push((length, symbol));
            }
        }
        shorten(&mut per_length);
        by_length.sort_unstable();
        let symbols: Vec<u8> = by_length.into_iter().map(|(_, symbol)| symbol).collect();

        // The longest code belongs to no symbol: no word may be all ones.
        let longest = (1..=LONGEST).rev().find(|length| per_length[*length] > 0).expect("there is a code");
        per_length[longest] -= 1;
        let counts = std::array::from_fn(|i| per_length[i + 1] as u8);
        let mut words = [(0, 0); 256];
        let (mut next, mut rest) = (0_u32, symbols.iter());
        for (length, count) in (1..).zip(counts) {
            for symbol in rest.by_ref().take(usize::from(count)) {
                words[usize::from(*symbol)] = (next as u16, length);
                next += 1;
            }
            next <<= 1;
        }
        Self { counts, symbols, words }
    }
}

/// The lengths of an unlimited Huffman code for the symbols in use, and for symbol 256, which is never used.
fn lengths(uses: &[u64; 256]) -> Vec<(usize, usize)> {
    let used = uses.iter().copied().enumerate().filter(|(_, count)| *count > 0);
    // Weight and members; the rarest and highest last, so that the unused symbol gets the longest code.
    let mut groups: Vec<(u64, Vec<usize>)> = used.map(|(symbol, count)| (count, vec![symbol])).collect();
    groups.push((0, vec![256]));
    let mut length = [0; 257];
    while groups.len() > 1 {
        groups.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let (rare, next) = (groups.pop().expect("two are left"), groups.pop().expect("one is left"));
        let members = [rare.1, next.1].concat();
        members.iter().for_each(|symbol| length[*symbol] += 1);
        groups.push((rare.0 + next.0, members));
    }
    length.iter().copied().enumerate().filter(|(_, length)| *length > 0).collect()
}

/// Moves codes of more than sixteen bits up into shorter ones, two by two.
fn shorten(per_length: &mut [usize; 256]) {
    for long in (LONGEST + 1..per_length.len()).rev() {
        while per_length[long] > 0 {
            let short = (1..long - 1).rev().find(|length| per_length[*length] > 0).expect("a shorter code exists");
            per_length[long] -= 2;
            per_length[long - 1] += 1;
            per_length[short + 1] += 2;
            per_length[short] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_short_and_none_begins_another() {
        // Uses like Fibonacci's numbers make the longest codes.
        let mut uses = [0; 256];
        let (mut a, mut b) = (1, 1);
        for count in &mut uses[..40] {
            *count = a;
            (a, b) = (b, a + b);
        }
        let code = Huffman::of_counts(&uses);
        let words: Vec<String> = (0..40_u8)
            .map(|symbol| {
                let (word, length) = code.word(symbol);
                format!("{word:0width$b}", width = usize::from(length))
            })
            .collect();
        assert!(words.iter().all(|w| w.len() <= LONGEST && w.contains('0')), "{words:?}");
        for (i, word) in words.iter().enumerate() {
            assert!(words.iter().enumerate().all(|(j, other)| i == j || !other.starts_with(word.as_str())));
        }
    }
}
