//! What strace wrote: which calls began and ended in which order.
//!
//! A commit is a row of frames in SQLite's log, each a header of 24 bytes and a page; the header of
//! the last one names the new size of the database, which is zero in all others
//! (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>).

/// The calls that matter.
pub struct Trace {
    calls: Vec<Call>,
}

/// Why an answer was no promise kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unkept {
    /// No answer with this id was sent.
    NoAnswer,
    /// Nothing with this id was written before the answer.
    NotWritten,
    /// It was written, and not committed before the answer.
    NotCommitted,
    /// It was committed, and no sync began after that and ended well before the answer.
    NotSynced,
}

struct Call {
    thread: u32,
    /// Lines on which it began and ended.
    began: usize,
    ended: usize,
    what: What,
}

enum What {
    /// The header of a frame.
    Header { commits: bool },
    /// Any other write to the log, with what was written.
    Log(String),
    /// A sync of the log that went well.
    Sync,
    /// An answer "200", as it was sent.
    Answer(String),
}

const HEADER_BYTES: usize = 24;

impl Trace {
    pub fn read(text: &str) -> Self {
        let mut calls: Vec<Call> = Vec::new();
        let mut begun: Vec<(u32, usize, String)> = Vec::new();
        for (line, text) in text.lines().enumerate() {
            // Thread, time, call.
            let mut parts = text.splitn(2, ' ');
            let (Some(thread), Some(rest)) = (parts.next(), parts.next()) else { continue };
            let Ok(thread) = thread.parse() else { continue };
            let Some((_, call)) = rest.trim_start().split_once(' ') else { continue };
            if let Some(start) = call.strip_suffix("<unfinished ...>") {
                begun.push((thread, line, start.to_owned()));
                continue;
            }
            let (began, whole) = if call.starts_with("<... ") {
                let Some(at) = begun.iter().position(|(of, ..)| *of == thread) else { continue };
                let (_, began, start) = begun.swap_remove(at);
                let rest = call.split_once(" resumed>").map_or("", |(_, rest)| rest);
                (began, start + rest)
            } else {
                (line, call.to_owned())
            };
            calls.extend(what(&whole).map(|what| Call { thread, began, ended: line, what }));
        }
        // A call that never ended counts where it promises something, and nowhere else.
        for (thread, began, start) in begun {
            let what = what(&start).filter(|what| matches!(what, What::Answer(_)));
            calls.extend(what.map(|what| Call { thread, began, ended: usize::MAX, what }));
        }
        calls.sort_by_key(|call| call.began);
        Self { calls }
    }

    /// How many syncs there were.
    pub fn syncs(&self) -> usize {
        self.calls.iter().filter(|call| matches!(call.what, What::Sync)).count()
    }

    /// Whether the request of this id was on the disk when the first byte of its answer was sent.
    pub fn judge(&self, id: &str) -> Result<(), Unkept> {
        let answers = |call: &&Call| matches!(&call.what, What::Answer(said) if said.contains(id));
        let answer = self.calls.iter().find(answers).ok_or(Unkept::NoAnswer)?;
        let writes = |call: &Call| matches!(&call.what, What::Log(page) if page.contains(id));
        let write = self.calls.iter().position(writes).ok_or(Unkept::NotWritten)?;
        let thread = self.calls[write].thread;
        if self.calls[write].began > answer.began {
            return Err(Unkept::NotWritten);
        }
        let own = |calls: &&Call| calls.thread == thread;
        // The header of its own frame stands right before it.
        let own_header = self.calls[..write].iter().rev().filter(own).find_map(|call| {
            let What::Header { commits } = call.what else { return None };
            Some(commits)
        });
        let mut after = self.calls[write..].iter().filter(own);
        let mut committing = own_header == Some(true);
        let committed = if committing {
            after.next()
        } else {
            after.find(|call| {
                let last = committing && matches!(call.what, What::Log(_));
                committing |= matches!(call.what, What::Header { commits: true });
                last
            })
        };
        let committed = committed.filter(|call| call.ended < answer.began);
        let committed = committed.ok_or(Unkept::NotCommitted)?;
        let synced = self.calls.iter().any(|call| {
            matches!(call.what, What::Sync)
                && call.began > committed.ended
                && call.ended < answer.began
        });
        if synced { Ok(()) } else { Err(Unkept::NotSynced) }
    }
}

/// What a whole call is to us, if anything. Without an end it did not go well.
fn what(call: &str) -> Option<What> {
    let (name, arguments) = call.split_once('(')?;
    let log = arguments.split_once('>').is_some_and(|(file, _)| file.ends_with("-wal"));
    match name {
        "fsync" | "fdatasync" => {
            let result = call.rsplit_once(" = ").map(|(_, result)| result.trim());
            (log && result == Some("0")).then_some(What::Sync)
        }
        "pwrite64" | "pwritev" | "write" | "writev" if log => {
            let written = quoted(arguments);
            if written.len() == HEADER_BYTES {
                return Some(What::Header { commits: written[4..8] != [0; 4] });
            }
            Some(What::Log(String::from_utf8_lossy(&written).into_owned()))
        }
        "write" | "writev" | "sendto" | "sendmsg" => {
            let said = quoted(arguments);
            let ok = said.starts_with(b"HTTP/1.1 200 ");
            ok.then(|| What::Answer(String::from_utf8_lossy(&said).into_owned()))
        }
        _ => None,
    }
}

/// The bytes of all quoted strings of a call, one after the other.
fn quoted(arguments: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = arguments.as_bytes().iter().copied().peekable();
    let mut inside = false;
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => inside = !inside,
            _ if !inside => {}
            b'\\' => {
                let Some(escaped) = rest.next() else { break };
                bytes.push(match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'v' => 0x0b,
                    b'f' => 0x0c,
                    digit @ b'0'..=b'7' => {
                        let mut value = u32::from(digit - b'0');
                        for _ in 0..2 {
                            let Some(next) = rest.next_if(|b| (b'0'..=b'7').contains(b)) else {
                                break;
                            };
                            value = value * 8 + u32::from(next - b'0');
                        }
                        u8::try_from(value).unwrap_or(u8::MAX)
                    }
                    other => other,
                });
            }
            other => bytes.push(other),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a frame that is not the last of its commit, and of one that is.
    const PLAIN: &str =
        r#"pwrite64(7</d/c.db-wal>, "\0\0\0\5\0\0\0\0\1\2\3\4abcdefghijkl", 24, 9) = 24"#;
    const LAST: &str =
        r#"pwrite64(7</d/c.db-wal>, "\0\0\0\5\0\0\0\t\1\2\3\4abcdefghijkl", 24, 9) = 24"#;
    /// A page with the id, and one without.
    const PAGE: &str = r#"pwrite64(7</d/c.db-wal>, "\r\0\0019d51\"1c\0\377", 4096, 56) = 4096"#;
    const OTHER: &str = r#"pwrite64(7</d/c.db-wal>, "\r\0\0something else", 4096, 56) = 4096"#;
    const SYNC: &str = "fdatasync(7</d/c.db-wal>) = 0";
    const ANSWER: &str = concat!(
        r#"writev(9<socket:[1]>, [{iov_base="HTTP/1.1 200 OK\r\n\r\n", iov_len=19}, "#,
        r#"{iov_base="{\"id\":\"9d51\"1c\"}", iov_len=16}], 2) = 35"#
    );
    const ID: &str = "9d51\"1c";

    /// Judges a made-up trace: calls of thread 1 (those that answer: of thread 2).
    fn judge(calls: &[&str]) -> Result<(), Unkept> {
        let line = |call: &&str| {
            let thread = if call.contains("socket") { 2 } else { 1 };
            format!("{thread}    12:00:00.000001 {call}\n")
        };
        Trace::read(&calls.iter().map(line).collect::<String>()).judge(ID)
    }

    #[test]
    fn written_committed_synced_answered_is_as_it_should_be() {
        assert_eq!(judge(&[LAST, PAGE, SYNC, ANSWER]), Ok(()));
        assert_eq!(judge(&[PLAIN, PAGE, LAST, OTHER, SYNC, ANSWER]), Ok(()));
        assert_eq!(judge(&[LAST, PAGE, &SYNC.replace("fdata", "f"), ANSWER]), Ok(()));
    }

    #[test]
    fn the_next_batch_may_be_on_its_way_already() {
        assert_eq!(judge(&[LAST, PAGE, SYNC, PLAIN, OTHER, ANSWER]), Ok(()));
    }

    #[test]
    fn an_answer_before_its_sync_is_found() {
        assert_eq!(judge(&[LAST, PAGE, ANSWER, SYNC]), Err(Unkept::NotSynced));
        assert_eq!(judge(&[SYNC, LAST, PAGE, ANSWER]), Err(Unkept::NotSynced));
    }

    #[test]
    fn a_sync_that_failed_or_was_of_another_file_is_none() {
        for sync in
            ["fdatasync(7</d/c.db-wal>) = -1 EIO (Input/output error)", "fdatasync(6</d/c.db>) = 0"]
        {
            assert_eq!(judge(&[LAST, PAGE, sync, ANSWER]), Err(Unkept::NotSynced), "{sync}");
        }
    }

    #[test]
    fn a_sync_before_the_commit_is_none() {
        let calls = [PLAIN, PAGE, SYNC, LAST, OTHER, ANSWER];
        assert_eq!(judge(&calls), Err(Unkept::NotSynced));
        assert_eq!(judge(&[PLAIN, PAGE, SYNC, ANSWER]), Err(Unkept::NotCommitted));
    }

    #[test]
    fn a_write_after_the_answer_and_an_answer_to_nobody_are_found() {
        assert_eq!(judge(&[ANSWER, LAST, PAGE, SYNC]), Err(Unkept::NotWritten));
        assert_eq!(judge(&[SYNC, ANSWER]), Err(Unkept::NotWritten));
        assert_eq!(judge(&[LAST, PAGE, SYNC]), Err(Unkept::NoAnswer));
    }

    #[test]
    fn a_call_that_another_interrupts_in_the_trace_counts_when_it_ended() {
        let begun = "fdatasync(7</d/c.db-wal> <unfinished ...>";
        let resumed = "<... fdatasync resumed>) = 0";
        assert_eq!(judge(&[LAST, PAGE, begun, resumed, ANSWER]), Ok(()));
        assert_eq!(judge(&[LAST, PAGE, begun, ANSWER, resumed]), Err(Unkept::NotSynced));
        assert_eq!(judge(&[LAST, begun, PAGE, resumed, ANSWER]), Err(Unkept::NotSynced));
        let page = PAGE.replace(") = 4096", " <unfinished ...>");
        let written = "<... pwrite64 resumed>) = 4096";
        assert_eq!(judge(&[LAST, &page, written, SYNC, ANSWER]), Ok(()));
        assert_eq!(judge(&[LAST, &page, ANSWER, written, SYNC]), Err(Unkept::NotCommitted));
    }

    #[test]
    fn an_answer_whose_call_never_ended_was_sent() {
        let (begun, _) = ANSWER.rsplit_once(") = ").unwrap();
        let begun = format!("{begun} <unfinished ...>");
        assert_eq!(judge(&[LAST, PAGE, &begun, SYNC]), Err(Unkept::NotSynced));
        assert_eq!(judge(&[LAST, PAGE, SYNC, &begun]), Ok(()));
    }
}
