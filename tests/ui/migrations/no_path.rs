//! What is no path.

fn main() {
    let folder = "migrations";
    let _ = orm::migrations!(folder);
    let _ = orm::migrations!("examples/migrations", table = "ours");
}
