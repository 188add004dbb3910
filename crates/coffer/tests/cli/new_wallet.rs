//! `coffer wallet new`, on a terminal and without one.

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::home::Home;

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_new_wallet_shows_its_words_and_asks_some_back() {
    let home = Home::new();
    let mut screen = Screen::open(&home, "wallet new");
    let shown = screen.until("Press Enter when you have them.");
    let words = words_in(&shown);
    assert_eq!(words.len(), 24, "{shown}");
    screen.answer("");
    let asked: Vec<usize> = (0..3).map(|_| screen.answer_a_word(&words)).collect();
    assert!(asked.is_sorted() && asked[0] < asked[1] && asked[1] < asked[2], "{asked:?}");
    let rest = screen.end();
    assert!(rest.contains("Coffer has kept none of them"), "{rest}");
    for kind in ["bitcoin, m/84h/0h/0h", "litecoin, m/84h/2h/0h", "ethereum and its kin, m/44h/"] {
        assert!(rest.contains(kind), "{kind} is not in {rest}");
    }
    let added = rest.split("coffer wallet add --network ethereum ").nth(1).expect(&rest);
    assert!(added.starts_with("xpub6"), "{rest}");
    assert!(rest.contains("coffer wallet add --network bitcoin 'wpkh(["), "{rest}");
    assert!(rest.contains("first address bc1q") && rest.contains("first address ltc1q"), "{rest}");
    assert_eq!(fs::read_dir(home.folder.path()).unwrap().count(), 0, "something was written");
}

#[test]
fn a_wrong_word_shows_them_again() {
    let home = Home::new();
    let mut screen = Screen::open(&home, "wallet new --words 12");
    let first = words_in(&screen.until("Press Enter"));
    assert_eq!(first.len(), 12);
    screen.answer("");
    // Off the screen first, with what can be scrolled back to.
    assert!(screen.until("Word ").contains("\x1b[2J\x1b[3J"));
    // In no list of words, so that it is never the right one by chance.
    screen.answer("mistaken");
    let again = screen.until("Press Enter");
    assert!(again.contains("That is not word"), "{again}");
    assert_eq!(words_in(&again), first);
    screen.answer("");
    for _ in 0..3 {
        screen.answer_a_word(&first);
    }
    assert!(screen.end().contains("xpub6"));
}

#[test]
fn a_passphrase_is_asked_twice_and_not_shown() {
    let home = Home::new();
    let mut screen = Screen::open(&home, "wallet new --words 12 --passphrase --no-quiz");
    let mut shown = screen.until("Passphrase: ");
    for (typed, next) in [
        ("correct horse", "Once more: "),
        // What is typed before a question is thrown away, so the question is waited for.
        ("battery staple", "Passphrase: "),
        ("correct horse", "Once more: "),
        ("correct horse", "the passphrase can spend everything"),
    ] {
        screen.answer(typed);
        shown += &screen.until(next);
    }
    shown += &screen.end();
    assert!(shown.contains("The two differ."), "{shown}");
    assert!(!shown.contains("horse") && !shown.contains("staple"), "{shown}");
}

#[test]
fn words_go_into_no_file_unasked() {
    let home = Home::new();
    for arguments in [["wallet", "new"].as_slice(), &["wallet", "new", "--json", "--no-quiz"]] {
        let output = home.run(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty() && told.contains("--print"), "{told}");
    }
    let told = home.complaint(&["wallet", "new", "--json", "--print"], 1);
    assert!(told.contains("--no-quiz"), "{told}");
}

#[test]
fn a_script_gets_words_and_keys_that_wallet_add_takes() {
    let home = Home::with_database();
    let nowhere = "endpoints = [\"http://127.0.0.1:1\"]";
    let network =
        |family: &str, name: &str| format!("[[networks.{family}]]\nname = \"{name}\"\n{nowhere}\n");
    let networks = [("evm", "ethereum"), ("utxo", "bitcoin"), ("utxo", "litecoin")];
    let settings: String = networks.iter().map(|(family, name)| network(family, name)).collect();
    fs::write(home.path("coffer.toml"), settings).unwrap();
    let new = ["wallet", "new", "--print", "--no-quiz", "--words", "12"];
    let made = home.json(&new);
    assert_eq!(made["words"].as_array().unwrap().len(), 12);
    assert_ne!(made["words"], home.json(&new)["words"], "each is another");
    let keys = made["keys"].as_array().unwrap();
    assert_eq!(keys.len(), networks.len());
    for account in keys {
        let text = |name: &str| account[name].as_str().unwrap();
        let add = ["wallet", "add", "--network", text("network"), text("key")];
        let added = home.json(&add);
        assert_eq!(added["first_addresses"][0], account["first_address"], "{account}");
    }
}

#[test]
fn neither_settings_nor_database_are_looked_at() {
    let home = Home::new();
    fs::write(home.path("coffer.toml"), "this is = [no settings").unwrap();
    let mut command = home.command(&["wallet", "new", "--print", "--no-quiz", "--json"]);
    let output = command.env("COFFER_STORE__URL", "mysql://nonsense").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(made["words"].as_array().unwrap().len(), 24);
}

#[test]
fn who_hangs_up_gets_no_keys() {
    let home = Home::new();
    let mut command = home.command(&["wallet", "new", "--print"]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (said, told) = (String::from_utf8(output.stdout).unwrap(), output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(!said.contains("xpub"), "{said}");
    assert!(String::from_utf8(told).unwrap().contains("nobody answers"));
}

/// The words between the numbers of the table, in order.
fn words_in(shown: &str) -> Vec<String> {
    let table = shown.split("without them nobody can.").nth(1).unwrap_or_default();
    let table = table.split("Write them on paper").next().unwrap_or_default();
    let numbered: Vec<&str> = table.split_whitespace().collect();
    let word = |(index, pair): (usize, &[&str])| {
        assert_eq!(pair[0], (index + 1).to_string(), "{shown}");
        pair[1].to_owned()
    };
    numbered.chunks(2).enumerate().map(word).collect()
}

/// The program on a terminal of its own, made by script(1).
struct Screen {
    child: Child,
    shown: Receiver<Vec<u8>>,
    unread: String,
}

impl Screen {
    fn open(home: &Home, arguments: &str) -> Self {
        let program = format!("{} {arguments}", env!("CARGO_BIN_EXE_coffer"));
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &program, "/dev/null"]);
        command.current_dir(home.folder.path()).env_clear().env("HOME", home.folder.path());
        command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("script(1) of util-linux");
        let mut out = child.stdout.take().unwrap();
        let (send, shown) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(read @ 1..) = out.read(&mut bytes) {
                if send.send(bytes[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, shown, unread: String::new() }
    }

    /// What is shown up to these words, and they.
    fn until(&mut self, words: &str) -> String {
        loop {
            if let Some(at) = self.unread.find(words) {
                let rest = self.unread.split_off(at + words.len());
                return std::mem::replace(&mut self.unread, rest);
            }
            let more = self.shown.recv_timeout(PATIENCE);
            let more = more.unwrap_or_else(|_| panic!("no {words:?} after {:?}", self.unread));
            self.unread += &String::from_utf8_lossy(&more);
        }
    }

    fn answer(&mut self, line: &str) {
        let mut input = self.child.stdin.as_ref().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Answers the next question for a word; which it was.
    fn answer_a_word(&mut self, words: &[String]) -> usize {
        self.until("Word ");
        let number: usize = self.until(": ").trim_end_matches(": ").parse().unwrap();
        self.answer(&words[number - 1]);
        number
    }

    /// What is shown until it ends, which must be well.
    fn end(mut self) -> String {
        while let Ok(more) = self.shown.recv_timeout(PATIENCE) {
            self.unread += &String::from_utf8_lossy(&more);
        }
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{}", self.unread);
        std::mem::take(&mut self.unread)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
