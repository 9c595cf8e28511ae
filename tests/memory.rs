//! A session that reads very many rows in chunks stays small. A process of its own, whose memory is nobody else's.

use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(table = "measurements", metadata = none)]
struct Measurement {
    #[orm(primary_key)]
    id: i64,
    place: String,
    value: i64,
}

const ROWS: i64 = 1_000_000;

/// The memory of this process that is in use, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_million_rows_go_through_a_session_in_64_mib() {
    let path = std::env::temp_dir().join(format!("orm_memory_{}.sqlite", std::process::id()));
    let engine = Engine::new(&format!("sqlite:///{}", path.display())).unwrap();
    metadata![Measurement].create_all(&engine).await.unwrap();
    text(format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
         INSERT INTO measurements (id, place, value) SELECT i, 'place ' || i, i % 7 FROM n"
    ))
    .execute(&engine)
    .await
    .unwrap();
    let mut session = Session::new(&engine);
    let mut chunks = select(Measurement).yield_per(1000);
    let (mut count, mut sum, mut most) = (0, 0, 0);
    while let Some(rows) = chunks.next(&mut session).await.unwrap() {
        count += rows.len();
        sum += session.iter(&rows).map(|row| row.value).sum::<i64>();
        most = most.max(resident());
        assert!(session.identity_map().len() <= 1000, "a chunk at a time");
    }
    drop((chunks, session, engine));
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    assert_eq!((count as i64, sum), (ROWS, (1..=ROWS).map(|i| i % 7).sum()));
    println!("{most} KiB at most");
    assert!(most < 64 * 1024, "{most} KiB");
}
