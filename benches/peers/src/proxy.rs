//! Stands between a peer and a server and counts what the peer asks: statements, and waits for an answer.
//!
//! It knows as much of the two protocols as that takes, and sees no encrypted connection.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use harness::Kind;

/// What was asked through a proxy.
#[derive(Default)]
pub struct Asked {
    statements: AtomicU64,
    waits: AtomicU64,
}

impl Asked {
    /// Returns the statements and the waits.
    pub fn counts(&self) -> (u64, u64) {
        (self.statements.load(Ordering::SeqCst), self.waits.load(Ordering::SeqCst))
    }

    fn add(&self, (statements, waits): (u64, u64)) {
        self.statements.fetch_add(statements, Ordering::SeqCst);
        self.waits.fetch_add(waits, Ordering::SeqCst);
    }
}

/// Listens before the server; returns its own port. It lasts as long as the program.
pub fn start(kind: Kind, server: String) -> (u16, Arc<Asked>) {
    let asked = Arc::new(Asked::default());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let counts = Arc::clone(&asked);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(&server).expect("the server");
            let counts = Arc::clone(&counts);
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (back_from, back_to) = (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
            let end = server.try_clone().expect("a socket");
            thread::spawn(move || copy(back_from, back_to));
            thread::spawn(move || {
                let _ = match kind {
                    Kind::Postgres => postgres(client, server, &counts),
                    _ => mysql(client, server, &counts),
                };
                // A client that is gone without a word is gone for the server, too.
                let _ = end.shutdown(Shutdown::Both);
            });
        }
    });
    (port, asked)
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}

/// Passes the messages on: a byte for the kind, four for the length; the first has no kind.
fn postgres(mut client: TcpStream, mut server: TcpStream, asked: &Asked) -> std::io::Result<()> {
    loop {
        let mut head = [0; 8];
        client.read_exact(&mut head)?;
        let [length, code] =
            [&head[..4], &head[4..]].map(|word| u32::from_be_bytes(word.try_into().expect("four bytes")));
        // A wish for encryption, which is declined.
        if code == 80_877_103 || code == 80_877_104 {
            client.write_all(b"N")?;
            continue;
        }
        pass(&mut client, &mut server, &head, length as usize - 8)?;
        break;
    }
    loop {
        let mut head = [0; 5];
        client.read_exact(&mut head)?;
        let length = u32::from_be_bytes(head[1..].try_into().expect("four bytes"));
        asked.add(match head[0] {
            b'Q' => (1, 1),
            b'E' => (1, 0),
            b'S' => (0, 1),
            _ => (0, 0),
        });
        pass(&mut client, &mut server, &head, length as usize - 4)?;
    }
}

/// Passes the packets on: three bytes for the length, one for the place in an exchange, which a command begins with 0.
fn mysql(mut client: TcpStream, mut server: TcpStream, asked: &Asked) -> std::io::Result<()> {
    loop {
        let mut head = [0; 5];
        client.read_exact(&mut head[..4])?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
        if length == 0 {
            server.write_all(&head[..4])?;
            continue;
        }
        client.read_exact(&mut head[4..])?;
        asked.add(match (head[3], head[4]) {
            // A query, the run of a prepared statement, the run of many.
            (0, 0x03 | 0x17 | 0xfa) => (1, 1),
            // The close of a prepared statement and the end, which nothing answers.
            (0, 0x19 | 0x01) => (0, 0),
            (0, _) => (0, 1),
            _ => (0, 0),
        });
        pass(&mut client, &mut server, &head, length - 1)?;
    }
}

fn pass(client: &mut TcpStream, server: &mut TcpStream, head: &[u8], length: usize) -> std::io::Result<()> {
    let mut message = head.to_vec();
    message.resize(head.len() + length, 0);
    client.read_exact(&mut message[head.len()..])?;
    server.write_all(&message)
}
