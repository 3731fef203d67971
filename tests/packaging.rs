//! What a package installs beside the program: completions and manual pages.

mod support;

use std::process::Command;

use support::command::{arpent, names_in, run, text};

const COMMANDS: [&str; 12] = [
    "compare", "package", "survey", "status", "export", "report", "review", "publish", "pictures", "detect",
    "locate", "signs",
];

#[test]
fn shells_complete_all_commands() {
    for shell in ["bash", "fish", "zsh", "elvish", "powershell"] {
        let script = run(["completions", shell]).with_code(0).out;
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
        assert!(script.contains("min-probability"), "{shell}: options of the innermost command");
    }
    run(["completions", "cmd"]).fails(2, &["possible values: bash"]);
}

#[test]
fn bash_takes_its_completions() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("arpent.bash");
    std::fs::write(&script, run(["completions", "bash"]).with_code(0).out).unwrap();
    // As bash calls it after `arpent publish pan`.
    let ask = format!(
        "source {} && COMP_WORDS=(arpent publish pan) COMP_CWORD=2 && _arpent arpent pan publish && echo ${{COMPREPLY[@]}}",
        text(&script)
    );
    let Ok(answer) = Command::new("bash").args(["-c", &ask]).output() else {
        eprintln!("skipped: there is no bash");
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&answer.stdout).trim(),
        "panoramax",
        "{}",
        String::from_utf8_lossy(&answer.stderr)
    );
}

#[test]
fn every_command_has_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man");
    run(["man", text(&pages)]).with_code(0);
    let names = names_in(&pages);
    assert!(names.contains(&"arpent.1".to_owned()) && names.contains(&"arpent-publish-panoramax.1".to_owned()));
    for command in COMMANDS {
        let page = std::fs::read_to_string(pages.join(format!("arpent-{command}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS") && page.contains("help"), "{command}");
    }
    // A secret of the environment is in none of them.
    let pages = folder.path().join("again");
    let mut with_token = arpent(["man", text(&pages)]);
    assert!(with_token.env("PANORAMAX_TOKEN", "s3cret").env("ARPENT_TOKEN", "s3cret").status().unwrap().success());
    assert!(
        names_in(&pages).iter().all(|name| !std::fs::read_to_string(pages.join(name)).unwrap().contains("s3cret"))
    );
    // Where groff is, its check of the page has nothing to say.
    if let Ok(checked) = Command::new("groff")
        .args(["-Kutf8", "-man", "-Tutf8", "-ww", "-z"])
        .arg(pages.join("arpent-survey.1"))
        .output()
    {
        assert_eq!(String::from_utf8_lossy(&checked.stderr), "");
    }
}
