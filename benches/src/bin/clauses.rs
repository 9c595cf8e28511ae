//! What one more condition with its parameter, clause, join or column of a query costs: to build it, to write its text, and to
//! run it where its text is known. It should be the same for the fiftieth as for the fifth.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml --bin clauses`. Figures are nanoseconds, the
//! quickest of the rounds; the last two columns are what one more costs among few and among many.

use std::hint::black_box;
use std::time::{Duration, Instant};

use orm::prelude::*;
use orm::{Dialect, PoolClass};
use tokio::runtime::Runtime;

const SIZES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
/// Where few end and many begin.
const MIDDLE: usize = 4;
const ROUNDS: usize = 15;
const SLICE: Duration = Duration::from_millis(4);

/// A table with so many columns beside its key.
macro_rules! wide {
    ($name:ident, $table:literal, $($column:ident)*) => {
        #[derive(Clone, Debug, Default, Model)]
        #[orm(table = $table)]
        struct $name {
            #[orm(primary_key)]
            id: i64,
            $($column: i64,)*
        }
    };
}

wide!(One, "one", a1);
wide!(Two, "two", a1 a2);
wide!(Four, "four", a1 a2 a3 a4);
wide!(Eight, "eight", a1 a2 a3 a4 a5 a6 a7 a8);
wide!(Sixteen, "sixteen", a1 a2 a3 a4 a5 a6 a7 a8 b1 b2 b3 b4 b5 b6 b7 b8);
wide!(ThirtyTwo, "thirty_two", a1 a2 a3 a4 a5 a6 a7 a8 b1 b2 b3 b4 b5 b6 b7 b8 c1 c2 c3 c4 c5 c6 c7 c8 d1 d2 d3 d4 d5 d6 d7 d8);
wide!(SixtyFour, "sixty_four", a1 a2 a3 a4 a5 a6 a7 a8 b1 b2 b3 b4 b5 b6 b7 b8 c1 c2 c3 c4 c5 c6 c7 c8 d1 d2 d3 d4 d5 d6 d7 d8
    e1 e2 e3 e4 e5 e6 e7 e8 f1 f2 f3 f4 f5 f6 f7 f8 g1 g2 g3 g4 g5 g6 g7 g8 h1 h2 h3 h4 h5 h6 h7 h8);

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let engine = Engine::builder("sqlite::memory:").pool_class(PoolClass::Static).build().expect("an engine");
    let tables = metadata![One, Two, Four, Eight, Sixteen, ThirtyTwo, SixtyFour];
    runtime.block_on(tables.create_all(&engine)).expect("the tables");
    println!("| one more | {} | one of few | one of many |", SIZES.map(|size| size.to_string()).join(" | "));
    println!("|---|{}", "---:|".repeat(SIZES.len() + 2));
    asked(&runtime, &engine, "condition", |count| {
        (0..count as i64).fold(select(One), |query, number| query.filter(One.a1.ne(number)))
    });
    asked(&runtime, &engine, "ORDER BY", |count| (0..count).fold(select(One), |query, _| query.order_by(One.a1.asc())));
    asked(&runtime, &engine, "join", |count| {
        // SQLite joins 64 tables at most.
        (0..count.min(60)).fold(select(One), |query, number| {
            let other = Two.alias(&format!("t{number}"));
            query.join_on(other, One.a1.eq(other.a1))
        })
    });
    columns(&runtime, &engine);
}

/// Measures a query of so many parts.
fn asked(runtime: &Runtime, engine: &Engine, what: &str, query: impl Fn(usize) -> Select<One>) {
    row(&format!("{what}, built"), |count| {
        black_box(query(count));
    });
    row(&format!("{what}, built and written"), |count| {
        black_box(query(count).to_sql(Dialect::Sqlite));
    });
    row(&format!("{what}, built and run"), |count| {
        black_box(runtime.block_on(query(count).all(engine)).expect("no rows"));
    });
}

/// Measures one row of so many columns.
fn columns(runtime: &Runtime, engine: &Engine) {
    macro_rules! each {
        ($($size:literal $model:ident)*) => {{
            $(runtime.block_on(insert($model).values($model::default()).execute(engine)).expect("a row");)*
            row("column, one row read", |count| match count {
                $($size => _ = black_box(runtime.block_on(select($model).all(engine)).expect("the row")),)*
                other => unreachable!("{other} columns"),
            });
        }};
    }
    each!(1 One 2 Two 4 Four 8 Eight 16 Sixteen 32 ThirtyTwo 64 SixtyFour);
}

/// Prints what each size takes, and what one more costs.
fn row(what: &str, mut work: impl FnMut(usize)) {
    let mut quickest = [f64::INFINITY; SIZES.len()];
    for _ in 0..ROUNDS {
        for (quickest, &size) in quickest.iter_mut().zip(&SIZES) {
            *quickest = quickest.min(nanoseconds(|| work(size)));
        }
    }
    let slope = |from: usize, to: usize| (quickest[to] - quickest[from]) / (SIZES[to] - SIZES[from]) as f64;
    let cells = quickest.map(|time| format!("{time:.0}")).join(" | ");
    println!("| {what} | {cells} | {:.0} | {:.0} |", slope(0, MIDDLE), slope(MIDDLE, SIZES.len() - 1));
}

/// Returns what the work takes once, in a slice of time.
fn nanoseconds(mut work: impl FnMut()) -> f64 {
    let (begun, mut times) = (Instant::now(), 0u32);
    while begun.elapsed() < SLICE {
        (0..8).for_each(|_| work());
        times += 8;
    }
    begun.elapsed().as_nanos() as f64 / f64::from(times)
}
