//! A query asks for a variant, or a field, that the enum does not have.
use orm::prelude::*;

#[derive(Clone, Debug, Embed)]
enum Payment {
    Card { last4: String },
    Cash,
}

#[derive(Clone, Debug, Model)]
struct Order {
    #[orm(primary_key)]
    id: i64,
    #[orm(embed)]
    payment: Payment,
}

fn main() {
    _ = select(Order.id).filter(Order.payment.is_cart());
    _ = select(Order.id).filter(Order.payment.last_4.eq("4242"));
    _ = select(Order.id).filter(Order.payment.last4.eq(4242));
    _ = Order::builder().payment(Payment::Card { last4: 4242 });
}
