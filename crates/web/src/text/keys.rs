//! The names of all texts.

use super::Phrase;

macro_rules! texts {
    ($($key:ident)*) => {
        /// Every text of one language.
        #[derive(Debug)]
        pub struct Text {
            $(
                #[doc = concat!("The text `", stringify!($key), "`.")]
                pub $key: Phrase,
            )*
        }

        /// The keys of all texts, as the files name them.
        pub const KEYS: &[&str] = &[$(stringify!($key)),*];

        impl Text {
            /// Reads a file; a test sees to it that none lacks a text.
            pub(super) fn of(source: &'static str) -> Self {
                Self { $($key: find(source, stringify!($key)),)* }
            }
        }
    };
}

texts! {
    about unit_seconds unit_minutes unit_hours unit_days_two unit_days_few unit_days
    left_short coin_on_network

    sandbox pay_price help back_to_shop change_language terms privacy
    refreshes refresh_now connection_lost payment_number

    choose_title choose_heading choose_explain choose_stable choose_coins
    choose_search choose_search_none
    choose_cheapest choose_fastest choose_fee choose_fee_unknown choose_exchange choose_lock
    choose_open_until choose_proceed choose_changing choose_keep
    email_label email_optional email_why consent_terms consent_privacy
    problem_no_coin problem_coin_gone problem_email problem_too_many
    problem_changed_too_often
    unavailable_network unavailable_rate unavailable_small

    pay_title pay_only pay_only_why pay_qr_label pay_amount pay_address pay_contract
    pay_contract_why pay_open_wallet pay_rate pay_until pay_clock_stopped pay_exchange pay_waiting
    pay_what_if pay_too_little pay_too_much pay_late pay_counts_seen pay_counts_confirmed
    pay_phone pay_phone_why pay_phone_label pay_change_heading pay_change pay_new_price
    pay_new_price_why pay_soon pay_time_over pay_over_why
    copy copied copied_what copy_label

    already_paid already_shows already_close already_check
    behind_title behind_why

    seen_title seen_heading seen_close seen_mail seen_confirmations seen_safe seen_finalized
    seen_next seen_details received transaction

    part_title part_heading part_why part_rest part_received part_missing part_bar

    paid_title paid_heading paid_receipt paid_to paid_order paid_price paid_with paid_rate paid_at
    paid_keep paid_print paid_surplus

    expired_title expired_heading expired_withdrawn expired_sent expired_no_coin expired_again
    arrived_late uncounted

    failed_title failed_heading failed_too_little failed_not_confirmed failed_next ask_shop
    ask_shop_plain failed_do_not_send

    cancelled_title cancelled_heading cancelled_do_not_send cancelled_sent cancelled_nothing

    restricted_title restricted_heading restricted_why restricted_next

    no_rates_title no_rates_heading no_rates_why
    no_coins_title no_coins_heading no_coins_why
    not_found_title not_found_heading not_found_why
    unavailable_title unavailable_heading unavailable_why
}

/// The text of one key; empty where there is none.
fn find(source: &'static str, key: &str) -> Phrase {
    let mut lines = source.lines().filter(|line| !line.starts_with('#'));
    let text = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
    Phrase::new(text.unwrap_or_default())
}
