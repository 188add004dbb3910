//! The rules of a payment request: by example, as a table, and by property.

mod after_the_end;
mod amounts;
mod books;
mod decisions;
mod properties;
mod reference;
mod scenario;
mod situation;
mod stage_table;
mod transfers;
mod windows;
