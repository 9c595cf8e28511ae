//! A relay between clients and a server that asks for each piece of data what is to become of it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Which way data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ToServer,
    ToClient,
}

/// What is to become of so many bytes: so many of them go on now, or the connection is cut.
///
/// With 0 it is asked again a little later.
pub(super) type Verdict = ControlFlow<(), usize>;

/// A relay; dropping it ends the listening, but no connection.
pub(super) struct Relay {
    pub(super) port: u16,
    is_over: Arc<AtomicBool>,
}

impl Relay {
    /// Listens for clients of a server; for each one and each way, `judge` makes what decides about the bytes.
    pub(super) fn new<J, V>(host: &str, port: u16, judge: J) -> Self
    where
        J: Fn(Way) -> V + Send + 'static,
        V: FnMut(usize) -> Verdict + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own_port = listener.local_addr().unwrap().port();
        let is_over = Arc::new(AtomicBool::new(false));
        let (server, end) = (format!("{host}:{port}"), Arc::clone(&is_over));
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(server) = TcpStream::connect(&server) else { continue };
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                let (client_in, server_out) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (up, down) = (judge(Way::ToServer), judge(Way::ToClient));
                thread::spawn(move || relay(client_in, server_out, up));
                thread::spawn(move || relay(server, client, down));
            }
        });
        Relay { port: own_port, is_over }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // It looks when somebody comes.
        _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn relay(mut from: TcpStream, mut to: TcpStream, mut verdict: impl FnMut(usize) -> Verdict) {
    let mut buffer = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            let part = match verdict(rest.len()) {
                ControlFlow::Continue(0) => {
                    thread::sleep(Duration::from_micros(100));
                    continue;
                }
                ControlFlow::Continue(part) => part.min(rest.len()),
                ControlFlow::Break(()) => 0,
            };
            if part == 0 || to.write_all(&rest[..part]).is_err() {
                _ = from.shutdown(Shutdown::Both);
                _ = to.shutdown(Shutdown::Both);
                return;
            }
            rest = &rest[part..];
        }
    }
    _ = to.shutdown(Shutdown::Both);
}
