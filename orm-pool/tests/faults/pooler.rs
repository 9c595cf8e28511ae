//! PgBouncer in transaction mode: each transaction may run on another server connection, and so may what belongs to one
//! statement, unless the driver knows of the pooler.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

use super::process::{Folder, Process, User, find, free_port, skip};
use super::*;

const CLIENTS: i64 = 6;
const SERVER_CONNECTIONS: usize = 2;
const STATEMENTS: i64 = 10_000;

/// A running PgBouncer with a folder of its own.
struct PgBouncer {
    port: u16,
    _process: Process,
    // After the process, which writes into it.
    _folder: Folder,
}

impl PgBouncer {
    /// Starts one in front of a server, as a user that is not root, which it refuses to be.
    async fn start(target: &Target) -> Option<Self> {
        let Target::Postgres(server) = target else { panic!("{target:?}") };
        let (Some(program), Some(user)) = (find("pgbouncer", &["/usr/sbin"]), User::find("postgres")) else {
            skip("there is no PgBouncer to start");
            return None;
        };
        let (folder, port) = (Folder::new(user), free_port());
        let password = server.password.as_ref().map_or_else(String::new, |password| format!(" password={password}"));
        let settings = format!(
            "[databases]\n* = host={} port={} user={}{password}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {SERVER_CONNECTIONS}\n\
             max_client_conn = 100\nignore_startup_parameters = extra_float_digits\n",
            server.host, server.port, server.user
        );
        let file = folder.path.join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        let process = Process::start(&folder, &program, &[file.display().to_string()]);
        let way = target.by_way_of(port);
        for _ in 0..500 {
            if let Ok(connection) = pool::Connector::connect(&way).await {
                connection.close().await.unwrap();
                return Some(PgBouncer { port, _process: process, _folder: folder });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("PgBouncer does not start: {}", folder.read("log"));
    }
}

/// What came of the statements.
#[derive(Default)]
struct Seen {
    right: AtomicU64,
    wrong: Mutex<Vec<String>>,
    errors: Mutex<Vec<String>>,
    servers: Mutex<BTreeSet<i64>>,
}

impl Seen {
    fn answer(&self, question: &str, answer: Result<Vec<Vec<Cell>>, Error>, expected: &[Cell]) {
        match answer {
            Ok(rows) if rows.len() == 1 && rows[0] == expected => _ = self.right.fetch_add(1, Ordering::SeqCst),
            Ok(rows) => self.wrong.lock().push(format!("{question} gave {rows:?} for {expected:?}")),
            Err(error) => self.errors.lock().push(format!("{question}: {error}")),
        }
    }
}

/// Asks questions of many texts and types, within transactions and without, so that a mix-up shows.
async fn ask(pool: Pool<Target>, client: i64, statements: i64, seen: Arc<Seen>) {
    for n in 0..statements {
        let mut c = pool.acquire().await.unwrap();
        let own = client * 1_000_000 + n;
        let (question, values, expected) = match n % 5 {
            0 => ("SELECT $1::int8 + 1".to_owned(), vec![Value::Int64(own)], vec![Cell::Int(own + 1)]),
            // The same words for each client, with another meaning.
            1 => (
                format!("SELECT $1::text || '-{client}'"),
                vec![Value::Text(own.to_string())],
                vec![Cell::Text(format!("{own}-{client}"))],
            ),
            2 => (format!("SELECT {own}"), vec![], vec![Cell::Int(own)]),
            3 => (
                "SELECT $1::int8, $2::text".to_owned(),
                vec![Value::Int64(own), Value::Text("x".into())],
                vec![Cell::Int(own), Cell::Text("x".into())],
            ),
            _ => {
                if let Ok(server) = int(&mut c, "SELECT pg_backend_pid()").await {
                    seen.servers.lock().insert(server);
                }
                (format!("SELECT {client} * $1::int8"), vec![Value::Int64(n)], vec![Cell::Int(client * n)])
            }
        };
        if n % 4 == 0 {
            let transaction = async {
                c.batch("BEGIN").await?;
                let answer = rows(&mut c, &question, &values).await?;
                tokio::task::yield_now().await;
                c.batch("COMMIT").await.map(|()| answer)
            };
            seen.answer(&question, transaction.await, &expected);
        } else {
            seen.answer(&question, rows(&mut c, &question, &values).await, &expected);
        }
    }
}

async fn six_clients(target: &Target, bouncer: &PgBouncer, knows: bool, statements: i64) -> Arc<Seen> {
    let mut way = target.by_way_of(bouncer.port);
    let Target::Postgres(options) = &mut way else { panic!("{way:?}") };
    options.transaction_pooler = knows;
    let pool = way.pool(super::options(CLIENTS as usize));
    let seen = Arc::new(Seen::default());
    let clients: Vec<_> = (1..=CLIENTS)
        .map(|client| tokio::spawn(ask(pool.clone(), client, statements / CLIENTS + 1, Arc::clone(&seen))))
        .collect();
    for client in clients {
        in_time(client).await.unwrap();
    }
    if knows {
        assert_whole(&pool, "through PgBouncer").await;
    }
    pool.dispose().await;
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_clients_share_two_servers_behind_pgbouncer_and_get_their_own_answers() {
    let Some(target) = Target::shared("postgres").await else { return };
    let Some(bouncer) = PgBouncer::start(&target).await else { return };
    let seen = six_clients(&target, &bouncer, true, STATEMENTS).await;
    let (wrong, errors) = (seen.wrong.lock(), seen.errors.lock());
    assert!(
        wrong.is_empty() && errors.is_empty(),
        "{} wrong, {} errors: {:?} {:?}",
        wrong.len(),
        errors.len(),
        wrong.first(),
        errors.first()
    );
    let right = seen.right.load(Ordering::SeqCst) as i64;
    assert!(right >= STATEMENTS, "{right}");
    let servers = seen.servers.lock().len();
    assert!((1..=SERVER_CONNECTIONS).contains(&servers), "{servers} servers");
    eprintln!("{right} right answers of {servers} server connections");
}

/// What a client does in a transaction with a type of the user's own, and with what else takes more than one message.
async fn use_mood(pool: Pool<Target>) {
    for _ in 0..20 {
        let mut c = pool.acquire().await.unwrap();
        c.batch("BEGIN").await.unwrap();
        let glad = kept("SELECT 'glad'::faults_mood AS mood WHERE $1");
        assert_eq!(rows(&mut c, &glad.sql, &[Value::Bool(true)]).await.unwrap(), [[Cell::Text("glad".into())]]);
        assert_eq!(c.columns(&glad, &[Value::Bool(false)]).await.unwrap(), ["mood"]);
        let mut cursor = c.open_cursor(&glad, &[Value::Bool(true)]).await.unwrap();
        let mut count = 0;
        while c
            .fetch(&mut cursor, 1, |_| {
                count += 1;
                ControlFlow::Continue(())
            })
            .await
            .unwrap()
        {}
        assert_eq!(count, 1);
        c.batch("COMMIT").await.unwrap();
        assert_eq!(c.columns(&kept("SELECT 'sad'::faults_mood AS mood"), &[]).await.unwrap(), ["mood"]);
        c.invalidate();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_of_the_users_own_columns_and_cursors_go_through_pgbouncer() {
    let Some(target) = Target::shared("postgres").await else { return };
    let Some(bouncer) = PgBouncer::start(&target).await else { return };
    let direct = target.pool(super::options(1));
    let setup = "DROP TYPE IF EXISTS faults_mood; CREATE TYPE faults_mood AS ENUM ('sad', 'glad')";
    direct.acquire().await.unwrap().batch(setup).await.unwrap();
    let mut way = target.by_way_of(bouncer.port);
    let Target::Postgres(options) = &mut way else { panic!("{way:?}") };
    options.transaction_pooler = true;
    let pool = way.pool(super::options(CLIENTS as usize));
    let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(use_mood(pool.clone()))).collect();
    for client in clients {
        in_time(client).await.unwrap();
    }
    pool.dispose().await;
    direct.acquire().await.unwrap().batch("DROP TYPE faults_mood").await.unwrap();
}

/// The test above would be worth nothing if everything went well in any case.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_switch_pgbouncer_mixes_things_up() {
    let Some(target) = Target::shared("postgres").await else { return };
    let Some(bouncer) = PgBouncer::start(&target).await else { return };
    let seen = six_clients(&target, &bouncer, false, 900).await;
    let (wrong, errors) = (seen.wrong.lock().len(), seen.errors.lock().len());
    eprintln!("without the switch: {wrong} wrong answers, {errors} errors");
    assert!(wrong + errors > 0);
}
