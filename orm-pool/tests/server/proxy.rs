//! A relay between a client and a server that stops after any number of the server's bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

/// A relay for one client.
pub(super) struct Proxy {
    pub(super) port: u16,
    /// How many more bytes of the server are handed on.
    budget: Arc<AtomicI64>,
}

impl Proxy {
    /// Listens for a client that is to speak with this server; hands everything on.
    pub(super) fn new(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own_port = listener.local_addr().unwrap().port();
        let budget = Arc::new(AtomicI64::new(i64::MAX));
        let (server, left) = (format!("{host}:{port}"), Arc::clone(&budget));
        thread::spawn(move || {
            let Ok((client, _)) = listener.accept() else { return };
            let server = TcpStream::connect(server).unwrap();
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            let (client_in, server_out) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || relay(client_in, server_out, None));
            relay(server, client, Some(&left));
        });
        Proxy { port: own_port, budget }
    }

    /// Hands on this many more bytes of the server, and holds back the rest.
    pub(super) fn hold_after(&self, bytes: i64) {
        self.budget.store(bytes, Ordering::SeqCst);
    }

    /// Hands everything on again.
    pub(super) fn release(&self) {
        self.budget.store(i64::MAX, Ordering::SeqCst);
    }
}

fn relay(mut from: TcpStream, mut to: TcpStream, budget: Option<&AtomicI64>) {
    let mut buffer = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            let allowed = budget.map_or(i64::MAX, |budget| budget.load(Ordering::SeqCst));
            if allowed <= 0 {
                thread::sleep(Duration::from_micros(100));
                continue;
            }
            let part = rest.len().min(usize::try_from(allowed).unwrap());
            if to.write_all(&rest[..part]).is_err() {
                _ = from.shutdown(Shutdown::Both);
                return;
            }
            if let Some(budget) = budget.filter(|_| allowed < i64::MAX / 2) {
                // A release in between is not undone.
                _ = budget.compare_exchange(allowed, allowed - part as i64, Ordering::SeqCst, Ordering::SeqCst);
            }
            rest = &rest[part..];
        }
    }
    _ = to.shutdown(Shutdown::Both);
}
