//! Files as replies: what is opened, what is refused, and which bytes leave.

mod common;

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use common::{Response, Server, document, route, run};
use rustix::fs::{Advice, CWD, Mode, fadvise, mknodat};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A directory that is gone with the test; its path has no links.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    /// A file that was last changed an hour ago.
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        age(&path, Duration::from_secs(3600));
        path
    }
}

fn age(path: &Path, age: Duration) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

fn get(path: &Path) -> Value {
    route("GET", "/", &format!("file {}", path.display()), json!({}))
}

fn asking(method: &str, headers: &str) -> String {
    format!("{method} / HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
}

async fn range(server: &Server, value: &str) -> Response {
    server
        .send(&asking("GET", &format!("Range: {value}\r\n")))
        .await
}

/// Letters that show where they stand.
fn letters(count: usize) -> String {
    (0..count)
        .map(|at| char::from(b'a' + u8::try_from(at % 26).unwrap()))
        .collect()
}

#[test]
fn whole_files() {
    run(async {
        let folder = Folder::new();
        // Nothing, what is sent at once, and what is sent in chunks.
        for size in [0, 1, 65_536, 65_537, 1_000_000] {
            let text = letters(size);
            let path = folder.file("a.txt", text.as_bytes());
            let server = Server::start(&[get(&path)]);
            let response = server.get("/").await;
            assert_eq!(response.status, 200);
            assert!(response.body == text, "{size}");
            assert_eq!(
                response.header("content-length"),
                Some(size.to_string().as_str())
            );
            assert_eq!(response.header("accept-ranges"), Some("bytes"));
            assert_eq!(response.header("content-type"), Some("text/plain"));
            let tag = response.header("etag").unwrap().to_owned();
            assert!(tag.starts_with('"'), "{tag}");
            let modified = response.header("last-modified").unwrap().to_owned();
            let head = server.send(&asking("HEAD", "")).await;
            assert_eq!(head.headers.len(), response.headers.len());
            assert_eq!(
                head.header("content-length"),
                response.header("content-length")
            );
            let mut client = server.connect().await;
            for header in [
                format!("If-None-Match: {tag}"),
                format!("If-Modified-Since: {modified}"),
            ] {
                client.write(&asking("GET", &format!("{header}\r\n"))).await;
                let response = client.response(false).await.unwrap();
                assert_eq!((response.status, response.body.as_str()), (304, ""));
                assert_eq!(response.header("etag"), Some(tag.as_str()));
            }
            let failed = server.send(&asking("GET", "If-Match: \"x\"\r\n")).await;
            assert_eq!(failed.status, 412);
        }
    });
}

#[test]
fn one_range() {
    run(async {
        let folder = Folder::new();
        let text = letters(200_000);
        let on_disk = get(&folder.file("a.txt", text.as_bytes()));
        let in_memory = route("GET", "/", &format!("memory {text}"), json!({}));
        for source in [on_disk, in_memory] {
            let server = Server::start(&[source]);
            let cases = [
                ("bytes=0-0", 0..1),
                ("bytes=100-199999", 100..200_000),
                ("bytes=150000-", 150_000..200_000),
                ("bytes=-7", 199_993..200_000),
                ("bytes=199999-300000", 199_999..200_000),
                ("bytes=10-20,15-30", 10..31),
            ];
            for (value, expected) in cases {
                let response = range(&server, value).await;
                assert_eq!(response.status, 206, "{value}");
                assert!(response.body == text[expected.clone()], "{value}");
                let content_range = format!("bytes {}-{}/200000", expected.start, expected.end - 1);
                assert_eq!(
                    response.header("content-range"),
                    Some(content_range.as_str())
                );
                assert_eq!(response.header("content-type"), Some("text/plain"));
            }
            let response = range(&server, "bytes=200000-").await;
            assert_eq!(response.status, 416);
            assert_eq!(response.header("content-range"), Some("bytes */200000"));
            for value in ["bytes=5-1", "lines=1-2", "bytes=x"] {
                assert_eq!(range(&server, value).await.status, 200, "{value}");
            }
            let head = server.send(&asking("HEAD", "Range: bytes=0-0\r\n")).await;
            assert_eq!(
                (head.status, head.header("content-length")),
                (200, Some("200000"))
            );
        }
    });
}

#[test]
fn several_ranges() {
    run(async {
        let folder = Folder::new();
        let text = letters(300_000);
        let on_disk = get(&folder.file("a.txt", text.as_bytes()));
        let in_memory = route("GET", "/", &format!("memory {text}"), json!({}));
        for source in [on_disk, in_memory] {
            let server = Server::start(&[source]);
            // Sent at once, and sent in chunks.
            for (value, expected) in [
                (
                    "bytes=1000-1009,0-4,-3",
                    vec![1000..1010, 0..5, 299_997..300_000],
                ),
                (
                    "bytes=0-99999,150000-249999",
                    vec![0..100_000, 150_000..250_000],
                ),
            ] {
                let response = range(&server, value).await;
                assert_eq!(response.status, 206);
                assert_eq!(response.header("content-range"), None);
                let content_type = response.header("content-type").unwrap();
                let boundary = content_type
                    .strip_prefix("multipart/byteranges; boundary=")
                    .unwrap();
                let mut body = String::new();
                for range in expected {
                    body.extend([format!(
                        "\r\n--{boundary}\r\nContent-Type: text/plain\r\n\
                         Content-Range: bytes {}-{}/300000\r\n\r\n{}",
                        range.start,
                        range.end - 1,
                        &text[range.clone()],
                    )]);
                }
                body.extend([format!("\r\n--{boundary}--\r\n")]);
                assert!(response.body == body[2..], "{value}");
            }
        }
    });
}

#[test]
fn ranges_on_condition() {
    run(async {
        let folder = Folder::new();
        let path = folder.file("a.txt", letters(1000).as_bytes());
        let server = Server::start(&[get(&path)]);
        let first = server.get("/").await;
        let tag = first.header("etag").unwrap().to_owned();
        let modified = first.header("last-modified").unwrap().to_owned();
        let ask = async |validator: &str| {
            let headers = format!("Range: bytes=0-0\r\nIf-Range: {validator}\r\n");
            server.send(&asking("GET", &headers)).await.status
        };
        assert_eq!(ask(&tag).await, 206);
        assert_eq!(ask(&modified).await, 206);
        assert_eq!(ask("\"other\"").await, 200);
        assert_eq!(ask("Sun, 06 Nov 1994 08:49:37 GMT").await, 200);
        // Changed: neither of them is current.
        fs::write(&path, letters(1000)).unwrap();
        assert_eq!(ask(&tag).await, 200);
        let young = server.get("/").await.header("etag").unwrap().to_owned();
        assert!(young.starts_with("W/\""), "{young}");
        assert_eq!(ask(&young).await, 200);
    });
}

#[test]
fn dates_that_no_header_has() {
    run(async {
        let folder = Folder::new();
        let path = folder.file("a.txt", b"a");
        let server = Server::start(&[get(&path)]);
        let file = File::options().write(true).open(&path).unwrap();
        // Before 1970 there is no date; after now, it is that of the reply.
        file.set_modified(SystemTime::UNIX_EPOCH - Duration::from_secs(1))
            .unwrap();
        assert_eq!(server.get("/").await.header("last-modified"), None);
        file.set_modified(SystemTime::now() + Duration::from_secs(1 << 33))
            .unwrap();
        let response = server.get("/").await;
        assert_eq!(response.header("last-modified"), response.header("date"));
        assert!(response.header("etag").unwrap().starts_with("W/"));
    });
}

#[test]
fn without_a_tag() {
    run(async {
        let folder = Folder::new();
        let path = folder.file("a.txt", b"abc");
        let untagged = format!("untagged {}", path.display());
        let server = Server::start(&[route("GET", "/", &untagged, json!({}))]);
        let response = server.get("/").await;
        assert_eq!(response.header("etag"), None);
        assert!(response.header("last-modified").is_some());
    });
}

#[test]
fn a_file_that_answers_a_post() {
    run(async {
        let folder = Folder::new();
        let path = folder.file("a.txt", b"abc");
        let handler = format!("file {}", path.display());
        let server = Server::start(&[route("POST", "/", &handler, json!({}))]);
        let headers = "Range: bytes=0-0\r\nIf-Match: \"x\"\r\n";
        let response = server.send(&asking("POST", headers)).await;
        assert_eq!((response.status, response.body.as_str()), (200, "abc"));
        for name in ["etag", "last-modified", "accept-ranges"] {
            assert_eq!(response.header(name), None, "{name}");
        }
    });
}

#[test]
fn what_is_no_file() {
    run(async {
        let folder = Folder::new();
        let here = folder.path("");
        let pipe = folder.path("pipe");
        mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
        let socket = folder.path("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let circle = folder.path("circle");
        symlink(&circle, &circle).unwrap();
        let file = folder.file("a.txt", b"abc");
        let long = folder.path(&"x".repeat(300));
        let cases = [
            (folder.path("missing"), "Missing"),
            (file.join("below"), "Missing"),
            (circle, "Missing"),
            (long, "Missing"),
            (PathBuf::new(), "Missing"),
            (here, "Irregular"),
            (pipe, "Irregular"),
            (socket, "Irregular"),
            (PathBuf::from("/dev/zero"), "Irregular"),
            (folder.path("a\0.txt"), "Unnameable"),
        ];
        for (path, reason) in cases {
            let server = Server::start(&[get(&path)]);
            let response = server.get("/").await;
            assert_eq!(response.status, 404, "{path:?}");
            assert_eq!(response.body, r#"{"detail":"Not found."}"#);
            let refused = server.seen.refused.lock().unwrap().clone();
            assert_eq!(refused, [reason], "{path:?}");
        }
    });
}

fn below(root: &Path, path: &Path) -> Server {
    let mut document = document(&[get(path)]);
    document["service"]["file_roots"] = json!([root]);
    Server::of(&document, |_| {})
}

#[test]
fn only_below_the_roots() {
    run(async {
        let folder = Folder::new();
        let root = folder.path("root");
        let inside = folder.file("root/a.txt", b"abc");
        folder.file("rooted/a.txt", b"abc");
        let outside = folder.file("secret.txt", b"secret");
        let link = |name: &str, to: &Path| {
            symlink(to, folder.path(name)).unwrap();
            folder.path(name)
        };
        let cases = [
            (inside.clone(), None),
            (root.join("../root/a.txt"), None),
            (link("root/link", &inside), None),
            (link("link-to-root", &root).join("a.txt"), None),
            (root.join("missing"), Some("Missing")),
            (root.join("missing/deep"), Some("Missing")),
            (root.clone(), Some("Irregular")),
            (outside.clone(), Some("Outside")),
            (folder.path("rooted/a.txt"), Some("Outside")),
            (root.join("../secret.txt"), Some("Outside")),
            (link("root/out", &outside), Some("Outside")),
            (
                link("root/up", &folder.path("")).join("secret.txt"),
                Some("Outside"),
            ),
            // Whether it exists outside does not show.
            (root.join("../missing"), Some("Outside")),
            (root.join("up/missing"), Some("Outside")),
            (root.join("missing/../../secret.txt"), Some("Outside")),
            (PathBuf::from("/etc/passwd"), Some("Outside")),
            (PathBuf::from("a.txt"), Some("Outside")),
            (root.join("a\0"), Some("Unnameable")),
        ];
        for (path, reason) in cases {
            let server = below(&root, &path);
            let response = server.get("/").await;
            assert!(!response.body.contains("secret"), "{path:?}");
            let refused = server.seen.refused.lock().unwrap().clone();
            let expected: Vec<_> = reason.into_iter().collect();
            assert_eq!(refused, expected, "{path:?}");
            assert_eq!(response.status == 200, reason.is_none(), "{path:?}");
        }
    });
}

#[test]
fn files_that_are_not_in_memory() {
    run(async {
        let folder = Folder::new();
        for size in [1000, 3_000_000] {
            let text = letters(size);
            let path = folder.file("a.txt", text.as_bytes());
            let server = Server::start(&[get(&path)]);
            for _ in 0..3 {
                let file = File::open(&path).unwrap();
                file.sync_all().unwrap();
                // The kernel may keep what it likes; as a rule it lets go of all of it.
                fadvise(&file, 0, None, Advice::DontNeed).unwrap();
                assert!(server.get("/").await.body == text);
            }
        }
    });
}

#[test]
fn a_file_that_shrinks_is_cut() {
    run(async {
        let folder = Folder::new();
        let path = folder.file("a.txt", letters(20_000_000).as_bytes());
        let server = Server::start(&[get(&path)]);
        let mut client = server.connect().await;
        client.write(&asking("GET", "")).await;
        // The client reads nothing yet: what the sockets hold is far less than the file.
        tokio::time::sleep(Duration::from_millis(200)).await;
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(10)
            .unwrap();
        assert!(
            client.response(false).await.is_none(),
            "the connection is closed early"
        );
    });
}
