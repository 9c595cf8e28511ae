//! What enums and newtypes have in common: a type of the user that fills one column.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Path;

/// What a type says of itself as a column.
pub(crate) struct SqlType {
    pub(crate) kind: TokenStream,
    pub(crate) nullable: TokenStream,
    /// The same as a type.
    pub(crate) null: TokenStream,
    pub(crate) column_type: TokenStream,
    pub(crate) encode: TokenStream,
    /// Makes a result of `__value`.
    pub(crate) decode: TokenStream,
    pub(crate) placeholder: TokenStream,
}

impl SqlType {
    /// Implements `RowType`, `SqlType` and `Placeholder`.
    pub(crate) fn implement(&self, ident: &Ident, library: &Path) -> TokenStream {
        let SqlType { kind, nullable, null, column_type, encode, decode, placeholder } = self;
        quote! {
            const _: () = {
                use #library::__private as __orm;

                impl __orm::RowType for #ident {
                    type Managed = #ident;
                    fn __width() -> usize { 1 }
                    fn __value(__row: &__orm::Row<'_>, __at: usize) -> __orm::Decoded<Self> {
                        __orm::decode_column(__row, __at)
                    }
                    fn __managed(
                        __row: &__orm::Row<'_>,
                        __at: usize,
                        _: &mut __orm::Objects,
                    ) -> __orm::Decoded<Self> {
                        __orm::decode_column(__row, __at)
                    }
                    fn __is_null(__row: &__orm::Row<'_>, __at: usize) -> bool { __row.value(__at).is_null() }
                }

                impl __orm::SqlType for #ident {
                    type Plain = #ident;
                    type Null = #null;
                    const NULLABLE: bool = #nullable;
                    const KIND: __orm::Kind = #kind;
                    fn column_type() -> __orm::ColumnType { #column_type }
                    fn encode(&self) -> __orm::Value { #encode }
                    fn decode(__value: __orm::ValueRef<'_>) -> ::core::result::Result<Self, __orm::DecodeError> {
                        #decode
                    }
                }

                impl __orm::Placeholder for #ident {
                    fn placeholder() -> Self { #placeholder }
                }
            };
        }
    }
}
