use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "article_tags")]
pub struct ArticleTag {
    #[orm(primary_key, foreign_key = Article.id)]
    pub article_id: i64,
    #[orm(primary_key, foreign_key = Tag.id)]
    pub tag_id: i64,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "articles")]
pub struct Article {
    #[orm(primary_key)]
    pub id: i64,
    #[orm(length = 80)]
    pub name: String,
    #[orm(back_populates = article, cascade(all, delete_orphan), passive_deletes)]
    pub offers: HasMany<Offer>,
    #[orm(secondary = ArticleTag, back_populates = articles)]
    pub tags: ManyToMany<Tag>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "customers")]
pub struct Customer {
    #[orm(primary_key)]
    pub id: i64,
    #[orm(length = 50, unique)]
    pub name: String,
    pub r#type: Option<String>,
    pub active: bool,
    #[orm(back_populates = customer, foreign_key = Order.customer_id)]
    pub orders_by_customer: HasMany<Order>,
    #[orm(back_populates = payer_customer, foreign_key = Order.payer)]
    pub orders_by_payer_customer: HasMany<Order>,
    #[orm(back_populates = customer, cascade(all, delete_orphan), passive_deletes)]
    pub passport: HasOne<Passport>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "nodes")]
pub struct Node {
    #[orm(primary_key)]
    pub id: i64,
    #[orm(foreign_key = Node.id)]
    pub parent_id: Option<i64>,
    #[orm(back_populates = children)]
    pub parent: BelongsTo<Node>,
    #[orm(back_populates = parent)]
    pub children: HasMany<Node>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "offers", primary_key(region, article_id))]
pub struct Offer {
    #[orm(foreign_key = Article.id, on_delete = cascade)]
    pub article_id: i64,
    #[orm(length = 2)]
    pub region: String,
    pub price: i64,
    #[orm(back_populates = offers)]
    pub article: BelongsTo<Article>,
    #[orm(back_populates = offer)]
    pub order_lines: HasMany<OrderLine>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(
    table = "order_lines",
    unique(order_id, article_id),
    foreign_key((region, article_id) = (Offer.region, Offer.article_id)),
)]
pub struct OrderLine {
    #[orm(primary_key)]
    pub id: i64,
    #[orm(foreign_key = Order.id, on_delete = cascade)]
    pub order_id: i64,
    pub article_id: i64,
    #[orm(length = 2)]
    pub region: String,
    pub quantity: i16,
    #[orm(back_populates = order_lines)]
    pub order: BelongsTo<Order>,
    #[orm(back_populates = order_lines)]
    pub offer: BelongsTo<Offer>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "orders", index(payer, total, name = "by_payer"))]
pub struct Order {
    #[orm(primary_key)]
    pub id: i64,
    #[orm(index, foreign_key = Customer.id)]
    pub customer_id: i64,
    #[orm(foreign_key = Customer.id, on_delete = set_null)]
    pub payer: Option<i64>,
    pub at: Option<chrono::NaiveDateTime>,
    pub total: f64,
    #[orm(back_populates = order, cascade(all, delete_orphan), passive_deletes)]
    pub order_lines: HasMany<OrderLine>,
    #[orm(back_populates = orders_by_customer, foreign_key = customer_id)]
    pub customer: BelongsTo<Customer>,
    #[orm(back_populates = orders_by_payer_customer, foreign_key = payer)]
    pub payer_customer: BelongsTo<Customer>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "passports")]
pub struct Passport {
    #[orm(primary_key, foreign_key = Customer.id, on_delete = cascade)]
    pub customer_id: i64,
    pub issued: chrono::NaiveDate,
    #[orm(back_populates = passport)]
    pub customer: BelongsTo<Customer>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "tags")]
pub struct Tag {
    #[orm(primary_key)]
    pub id: i64,
    #[orm(length = 20)]
    pub word: String,
    #[orm(secondary = ArticleTag, back_populates = tags)]
    pub articles: ManyToMany<Article>,
}

// The table `log` has no primary key, which a model needs.
