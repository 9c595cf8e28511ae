use std::time::Instant;
struct Numbers;
impl orm_pool::pool::Connector for Numbers {
    type Connection = u64;
    async fn connect(&self) -> Result<u64, orm_pool::Error> { Ok(7) }
    fn reset_now(&self, _: &mut u64, _: orm_pool::pool::ResetOnReturn) -> orm_pool::pool::Reset { orm_pool::pool::Reset::Clean }
    async fn reset(&self, _: &mut u64, _: orm_pool::pool::ResetOnReturn) -> Result<(), orm_pool::Error> { Ok(()) }
    async fn ping(&self, _: &mut u64) -> Result<(), orm_pool::Error> { Ok(()) }
    async fn close(&self, _: u64) {}
}
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let pool = orm_pool::pool::Pool::new(Numbers, orm_pool::pool::Options { size: 8, ..Default::default() });
    let d = tokio::spawn(async move {
        let mut best = f64::MAX;
        for _ in 0..200 {
        let start = Instant::now();
        for _ in 0..100_000 { let mut g = pool.acquire().await.unwrap(); *g += 1; }
        best = best.min(start.elapsed().as_nanos() as f64 / 100_000.0);
        }
        best
    }).await.unwrap();
    println!("{d:.1}");
}
