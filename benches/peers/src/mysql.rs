//! MariaDB or MySQL: everyone on one database, by loopback.

use orm::{Engine, text};

use crate::data::{INSERTS, SIZES, Work};
use crate::rounds::{Contender, Settings, compare, head};
use crate::{diesel_peer, ours, seaorm, sqlx_peer};

const TABLES: [&str; 3] = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTO_INCREMENT, name TEXT NOT NULL, hair_color TEXT)",
    "CREATE TABLE posts (id INTEGER PRIMARY KEY AUTO_INCREMENT, user_id INTEGER NOT NULL, title TEXT NOT NULL, body TEXT, \
     FOREIGN KEY (user_id) REFERENCES users (id))",
    "CREATE TABLE comments (id INTEGER PRIMARY KEY AUTO_INCREMENT, post_id INTEGER NOT NULL, text TEXT NOT NULL, \
     FOREIGN KEY (post_id) REFERENCES posts (id))",
];

const NAMES: [&str; 5] = ["Diesel", "orm select", "orm session", "sqlx", "SeaORM"];
const SERVER: &str = "mysql://root@127.0.0.1:3306";

/// Runs the workloads in a database of their own, which is dropped afterwards.
pub fn run(settings: &Settings) {
    let runtime = ours::runtime();
    let server = std::env::var("ORM_BENCH_MYSQL").unwrap_or_else(|_| SERVER.into());
    let admin = Engine::new(&format!("{server}/mysql")).expect("an engine");
    let again = |create: bool| {
        runtime.block_on(async {
            text("DROP DATABASE IF EXISTS orm_bench").execute(&admin).await.expect("no database");
            if create {
                text("CREATE DATABASE orm_bench").execute(&admin).await.expect("a database");
            }
        });
    };
    let url = format!("{server}/orm_bench");
    let works: [(&str, &[usize], fn(usize) -> Work); 5] = [
        ("trivial", &SIZES, |_| Work::Trivial),
        ("medium", &SIZES, |_| Work::Medium),
        ("insert", &INSERTS, Work::Insert),
        ("associations", &[100], |_| Work::Associations),
        ("get", &[1000], |rows| Work::Get(rows as i32)),
    ];
    for (title, sizes, work) in works {
        if settings.only.as_ref().is_some_and(|only| !title.contains(only.as_str())) {
            continue;
        }
        head(title, &NAMES);
        for &size in sizes {
            let work = work(size);
            again(true);
            let engine = Engine::new(&url).expect("an engine");
            let fill: Vec<String> = TABLES.iter().map(ToString::to_string).chain(work.fill(size)).collect();
            ours::execute(&runtime, &engine, &fill);
            runtime.block_on(engine.dispose());
            compare(settings, &size.to_string(), &NAMES, contenders(&url, work));
        }
    }
    again(false);
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
