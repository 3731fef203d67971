//! `arpent signs`: what a French road sign means.

use anyhow::Result;
use arpent::taxonomy::{self, Family, Language, SIGNS, Sign, UnknownSign};
use clap::Args;

use super::{Done, Lang, print_line};

#[derive(Args)]
pub struct Arguments {
    /// Codes, or how codes begin: B14, B14[50], B21, A [default: all]
    #[arg(value_name = "CODE", value_parser = asked)]
    codes: Vec<Asked>,
    /// Language of the names
    #[arg(long, value_enum, value_name = "LANG", default_value_t)]
    lang: Lang,
}

/// The signs that were asked for by one word, and what is written on them.
#[derive(Clone)]
struct Asked {
    signs: Vec<&'static Sign>,
    value: Option<String>,
}

/// A word of the command line; an unknown code is wrong usage.
fn asked(word: &str) -> Result<Asked, UnknownSign> {
    match taxonomy::named(word) {
        Some(named) => Ok(Asked { signs: vec![named.sign], value: named.value.map(str::to_owned) }),
        None => Ok(Asked { signs: taxonomy::look_up(word)?, value: None }),
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let language = Language::from(arguments.lang);
    if arguments.codes.is_empty() {
        list(&SIGNS.iter().collect::<Vec<_>>(), language)?;
    }
    for (number, Asked { signs, value }) in arguments.codes.iter().enumerate() {
        if number > 0 {
            print_line("")?;
        }
        match signs[..] {
            [sign] => describe(sign, value.as_deref(), language)?,
            _ => list(signs, language)?,
        }
    }
    Ok(Done::Well)
}

/// A line a sign.
fn list(signs: &[&Sign], language: Language) -> Result<()> {
    let width = signs.iter().map(|sign| sign.code.len()).max().unwrap_or_default();
    for sign in signs {
        print_line(&format!("{:<width$}  {}", sign.code, sign.name(language)))?;
    }
    Ok(())
}

/// All that is known of a sign.
fn describe(sign: &Sign, value: Option<&str>, language: Language) -> Result<()> {
    let french = language == Language::Fr;
    let line = |english: &str, in_french: &str, text: &str| {
        let heading = if french { in_french } else { english };
        print_line(&format!("  {heading:<9} {text}"))
    };
    print_line(&format!("{}  {}", sign.code, sign.name(language)))?;
    let other = sign.name(if french { Language::En } else { Language::Fr });
    line("French", "anglais", other)?;
    if sign.family.name(language) != sign.name(language) {
        line("family", "famille", sign.family.name(language))?;
    }
    line("shape", "forme", sign.shape.name(language))?;
    if let Some(sizes) = sign.sizes_mm() {
        line("sizes", "gammes", &format!("{} mm", sizes.map(|size| size.to_string()).join(", ")))?;
    }
    if let Some(kind) = sign.value {
        line("value", "valeur", kind.name(language))?;
    }
    line("sign", "panneau", &sign.tag(value.or(sign.value.map(|_| "…"))))?;
    let road = sign.consequences(Some(value.unwrap_or("…")));
    if !road.is_empty() {
        line("means", "entraîne", &road.join(";"))?;
    }
    if sign.family == Family::Private {
        line("note", "note", if french { "non réglementaire" } else { "not of the regulation" })?;
    }
    Ok(())
}
