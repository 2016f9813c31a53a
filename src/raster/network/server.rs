//! A small HTTP server for tests, which can misbehave.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The part of the file that was asked for.
    Part,
    /// The whole file, whatever was asked for.
    Whole,
    /// This status, and nothing else.
    Status(u16),
    /// Half of what was promised.
    Cut,
}

/// A server of some files on this machine, until it is dropped.
pub(super) struct Server {
    address: String,
    state: Arc<State>,
}

type Rule = Box<dyn Fn(usize) -> Answer + Send + Sync>;

struct State {
    files: BTreeMap<String, Vec<u8>>,
    rule: Rule,
    requests: AtomicUsize,
    /// Bytes of files that were sent.
    sent: AtomicU64,
    stopped: AtomicBool,
}

impl Server {
    /// Serves `files`, by their paths such as `/m.tif`; `rule` says what becomes of each request that gets something,
    /// counted from 1.
    pub(super) fn start(
        files: impl IntoIterator<Item = (&'static str, Vec<u8>)>,
        rule: impl Fn(usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect();
        let (requests, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let sent = AtomicU64::new(0);
        let state = Arc::new(State { files, rule: Box::new(rule), requests, sent, stopped });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let own = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if own.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let state = Arc::clone(&own);
                // A client that goes away is no concern of the server.
                thread::spawn(move || state.answer(&stream.unwrap()).unwrap_or_default());
            }
        });
        Self { address, state }
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The address of the file at `path`.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many requests have got something.
    pub(super) fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// How many bytes of files were sent.
    pub(super) fn bytes_sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        // The thread sees the flag at its next connection.
        drop(TcpStream::connect(&self.address));
    }
}

impl State {
    fn answer(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        let mut range = None;
        for line in lines {
            let line = line?.to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("range: bytes=") {
                range = Some(value.to_owned());
            }
        }
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let path = path.split('?').next().unwrap_or("");
        let Some(bytes) = self.files.get(path) else {
            return head(stream, 404, 0, "");
        };
        if method == "HEAD" {
            let next = self.requests.load(Ordering::SeqCst) + 1;
            if let Answer::Status(status) = (self.rule)(next) {
                return head(stream, status, 0, "");
            }
            return head(stream, 200, bytes.len(), "Accept-Ranges: bytes\r\n");
        }
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = (self.rule)(number);
        let (start, end) = part(range.as_deref(), bytes.len()).unwrap_or((0, bytes.len()));
        let content = format!("Content-Range: bytes {start}-{}/{}\r\n", end - 1, bytes.len());
        match answer {
            Answer::Status(status) => head(stream, status, 0, ""),
            Answer::Part if range.is_some() => {
                head(stream, 206, end - start, &content)?;
                self.send(stream, &bytes[start..end])
            }
            Answer::Part | Answer::Whole => {
                head(stream, 200, bytes.len(), "")?;
                self.send(stream, bytes)
            }
            Answer::Cut => {
                head(stream, 206, end - start, &content)?;
                self.send(stream, &bytes[start..usize::midpoint(start, end)])
            }
        }
    }

    fn send(&self, mut stream: &TcpStream, bytes: &[u8]) -> std::io::Result<()> {
        self.sent.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        stream.write_all(bytes)
    }
}

fn head(mut stream: &TcpStream, status: u16, length: usize, further: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status} Word\r\nContent-Length: {length}\r\nConnection: close\r\n{further}\r\n"
    )
}

/// First byte, and the one behind the last, of `range`, such as `0-99`.
fn part(range: Option<&str>, length: usize) -> Option<(usize, usize)> {
    let (start, last) = range?.split_once('-')?;
    let (start, last): (usize, usize) = (start.parse().ok()?, last.parse().ok()?);
    (start < length).then(|| (start, (last + 1).min(length)))
}
