//! MariaDB or MySQL: everyone on one database, by loopback.

use orm::Engine;

use crate::data::Work;
use crate::rounds::{Contender, Settings};
use crate::server::{self, Server};
use crate::{diesel_peer, ours, seaorm, sqlx_peer};

const TABLES: [&str; 3] = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTO_INCREMENT, name TEXT NOT NULL, hair_color TEXT)",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY AUTO_INCREMENT, user_id INTEGER NOT NULL, title TEXT NOT NULL, body TEXT, \
     FOREIGN KEY (user_id) REFERENCES users (id))",
    "CREATE TABLE comments (id INTEGER PRIMARY KEY AUTO_INCREMENT, post_id INTEGER NOT NULL, text TEXT NOT NULL, \
     FOREIGN KEY (post_id) REFERENCES posts (id))",
];

const NAMES: [&str; 5] = ["Diesel", "orm select", "orm session", "sqlx", "SeaORM"];

/// Runs the workloads.
pub fn run(settings: &Settings) {
    let server = Server {
        variable: "ORM_BENCH_MYSQL",
        url: "mysql://root@127.0.0.1:3306",
        administration: "mysql",
        drop: "DROP DATABASE IF EXISTS orm_bench",
        tables: &TABLES,
        afterwards: &[],
        names: &NAMES,
        contenders,
    };
    server::run(&server, settings);
}

fn contenders(url: &str, work: Work) -> Vec<Contender> {
    let engine = || Engine::new(url).expect("an engine");
    vec![
        diesel_peer::mysql(url, &[], work),
        ours::select_road("orm select", ours::runtime(), engine(), work),
        ours::session_road("orm session", ours::runtime(), engine(), work),
        sqlx_peer::mysql(url, &[], work),
        seaorm::peer(url, &[], work),
    ]
}
