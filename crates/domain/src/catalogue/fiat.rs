//! The active currencies of ISO 4217 with their exponents.
//!
//! Left out: precious metals, bond and settlement units, test codes, and fund codes other than the
//! Chilean and Uruguayan units of account. Withdrawn currencies are not active: HRK, ANG (now XCG),
//! BGN (euro since 2026). The prices in dollars are made up in a plausible size; only the source
//! `fixed` uses them.

use super::Fiat;
use crate::{code::Code, rate::Rate};

/// The currency of a code, in capital letters as the standard has it.
#[must_use]
pub fn fiat(iso: &str) -> Option<&'static Fiat> {
    let position = FIATS.binary_search_by(|fiat| fiat.iso.as_str().cmp(iso)).ok()?;
    FIATS.get(position)
}

/// Every currency, in the order of their codes.
#[must_use]
pub const fn fiats() -> &'static [Fiat] {
    FIATS
}

impl Fiat {
    /// Its number in the v2 API: 100,000 and the three letters as a number to base 26, so that it
    /// follows from the code, never changes and is never an asset's.
    #[must_use]
    pub fn number(&self) -> u32 {
        let letters = self.iso.as_str().bytes();
        let letters = letters.map(|letter| u32::from(letter.wrapping_sub(b'A')));
        letters.fold(0, |number, letter| number * 26 + letter) + 100_000
    }
}

const fn row(
    iso: &'static str,
    decimals: u8,
    fixed_usd: &'static str,
    title: &'static str,
) -> Fiat {
    Fiat { iso: Code::constant(iso), title, decimals, fixed_usd: Rate::constant(fixed_usd) }
}

static FIATS: &[Fiat] = &[
    row("AED", 2, "0.2723", "UAE dirham"),
    row("AFN", 2, "0.0141", "Afghani"),
    row("ALL", 2, "0.011", "Lek"),
    row("AMD", 2, "0.0026", "Armenian dram"),
    row("AOA", 2, "0.0011", "Kwanza"),
    row("ARS", 2, "0.001", "Argentine peso"),
    row("AUD", 2, "0.65", "Australian dollar"),
    row("AWG", 2, "0.5587", "Aruban florin"),
    row("AZN", 2, "0.5882", "Azerbaijan manat"),
    row("BAM", 2, "0.5624", "Convertible mark"),
    row("BBD", 2, "0.5", "Barbados dollar"),
    row("BDT", 2, "0.0083", "Taka"),
    row("BHD", 3, "2.6596", "Bahraini dinar"),
    row("BIF", 0, "0.00034", "Burundi franc"),
    row("BMD", 2, "1", "Bermudian dollar"),
    row("BND", 2, "0.75", "Brunei dollar"),
    row("BOB", 2, "0.1447", "Boliviano"),
    row("BRL", 2, "0.18", "Brazilian real"),
    row("BSD", 2, "1", "Bahamian dollar"),
    row("BTN", 2, "0.0118", "Ngultrum"),
    row("BWP", 2, "0.073", "Pula"),
    row("BYN", 2, "0.3", "Belarusian ruble"),
    row("BZD", 2, "0.4963", "Belize dollar"),
    row("CAD", 2, "0.72", "Canadian dollar"),
    row("CDF", 2, "0.00035", "Congolese franc"),
    row("CHF", 2, "1.15", "Swiss franc"),
    row("CLF", 4, "41", "Unidad de fomento"),
    row("CLP", 0, "0.0011", "Chilean peso"),
    row("CNY", 2, "0.14", "Yuan renminbi"),
    row("COP", 2, "0.00024", "Colombian peso"),
    row("CRC", 2, "0.0019", "Costa Rican colon"),
    row("CUP", 2, "0.0417", "Cuban peso"),
    row("CVE", 2, "0.01", "Cabo Verde escudo"),
    row("CZK", 2, "0.044", "Czech koruna"),
    row("DJF", 0, "0.0056", "Djibouti franc"),
    row("DKK", 2, "0.1475", "Danish krone"),
    row("DOP", 2, "0.0165", "Dominican peso"),
    row("DZD", 2, "0.0075", "Algerian dinar"),
    row("EGP", 2, "0.0203", "Egyptian pound"),
    row("ERN", 2, "0.0667", "Nakfa"),
    row("ETB", 2, "0.0078", "Ethiopian birr"),
    row("EUR", 2, "1.1", "Euro"),
    row("FJD", 2, "0.44", "Fiji dollar"),
    row("FKP", 2, "1.27", "Falkland Islands pound"),
    row("GBP", 2, "1.27", "Pound sterling"),
    row("GEL", 2, "0.36", "Lari"),
    row("GHS", 2, "0.068", "Ghana cedi"),
    row("GIP", 2, "1.27", "Gibraltar pound"),
    row("GMD", 2, "0.0142", "Dalasi"),
    row("GNF", 0, "0.000116", "Guinean franc"),
    row("GTQ", 2, "0.13", "Quetzal"),
    row("GYD", 2, "0.0048", "Guyana dollar"),
    row("HKD", 2, "0.128", "Hong Kong dollar"),
    row("HNL", 2, "0.0395", "Lempira"),
    row("HTG", 2, "0.0076", "Gourde"),
    row("HUF", 2, "0.0028", "Forint"),
    row("IDR", 2, "0.000062", "Rupiah"),
    row("ILS", 2, "0.27", "New Israeli sheqel"),
    row("INR", 2, "0.0118", "Indian rupee"),
    row("IQD", 3, "0.00076", "Iraqi dinar"),
    row("IRR", 2, "0.000024", "Iranian rial"),
    row("ISK", 0, "0.0072", "Iceland krona"),
    row("JMD", 2, "0.0063", "Jamaican dollar"),
    row("JOD", 3, "1.4104", "Jordanian dinar"),
    row("JPY", 0, "0.0067", "Yen"),
    row("KES", 2, "0.0077", "Kenyan shilling"),
    row("KGS", 2, "0.0115", "Som"),
    row("KHR", 2, "0.000245", "Riel"),
    row("KMF", 0, "0.0022", "Comorian franc"),
    row("KPW", 2, "0.0011", "North Korean won"),
    row("KRW", 0, "0.00073", "Won"),
    row("KWD", 3, "3.25", "Kuwaiti dinar"),
    row("KYD", 2, "1.2", "Cayman Islands dollar"),
    row("KZT", 2, "0.002", "Tenge"),
    row("LAK", 2, "0.000046", "Lao kip"),
    row("LBP", 2, "0.000011", "Lebanese pound"),
    row("LKR", 2, "0.0033", "Sri Lanka rupee"),
    row("LRD", 2, "0.005", "Liberian dollar"),
    row("LSL", 2, "0.055", "Loti"),
    row("LYD", 3, "0.205", "Libyan dinar"),
    row("MAD", 2, "0.1", "Moroccan dirham"),
    row("MDL", 2, "0.056", "Moldovan leu"),
    row("MGA", 2, "0.00022", "Malagasy ariary"),
    row("MKD", 2, "0.0179", "Denar"),
    row("MMK", 2, "0.000476", "Kyat"),
    row("MNT", 2, "0.00029", "Tugrik"),
    row("MOP", 2, "0.1245", "Pataca"),
    row("MRU", 2, "0.025", "Ouguiya"),
    row("MUR", 2, "0.0217", "Mauritius rupee"),
    row("MVR", 2, "0.0649", "Rufiyaa"),
    row("MWK", 2, "0.00058", "Malawi kwacha"),
    row("MXN", 2, "0.053", "Mexican peso"),
    row("MYR", 2, "0.22", "Malaysian ringgit"),
    row("MZN", 2, "0.0157", "Mozambique metical"),
    row("NAD", 2, "0.055", "Namibia dollar"),
    row("NGN", 2, "0.00065", "Naira"),
    row("NIO", 2, "0.0272", "Cordoba oro"),
    row("NOK", 2, "0.094", "Norwegian krone"),
    row("NPR", 2, "0.0074", "Nepalese rupee"),
    row("NZD", 2, "0.6", "New Zealand dollar"),
    row("OMR", 3, "2.6008", "Rial Omani"),
    row("PAB", 2, "1", "Balboa"),
    row("PEN", 2, "0.27", "Sol"),
    row("PGK", 2, "0.25", "Kina"),
    row("PHP", 2, "0.0175", "Philippine peso"),
    row("PKR", 2, "0.0036", "Pakistan rupee"),
    row("PLN", 2, "0.26", "Zloty"),
    row("PYG", 0, "0.00013", "Guarani"),
    row("QAR", 2, "0.2747", "Qatari rial"),
    row("RON", 2, "0.22", "Romanian leu"),
    row("RSD", 2, "0.0094", "Serbian dinar"),
    row("RUB", 2, "0.0105", "Russian ruble"),
    row("RWF", 0, "0.00072", "Rwanda franc"),
    row("SAR", 2, "0.2667", "Saudi riyal"),
    row("SBD", 2, "0.12", "Solomon Islands dollar"),
    row("SCR", 2, "0.07", "Seychelles rupee"),
    row("SDG", 2, "0.00167", "Sudanese pound"),
    row("SEK", 2, "0.096", "Swedish krona"),
    row("SGD", 2, "0.75", "Singapore dollar"),
    row("SHP", 2, "1.27", "Saint Helena pound"),
    row("SLE", 2, "0.044", "Leone"),
    row("SOS", 2, "0.00175", "Somali shilling"),
    row("SRD", 2, "0.028", "Surinam dollar"),
    row("SSP", 2, "0.00022", "South Sudanese pound"),
    row("STN", 2, "0.0449", "Dobra"),
    row("SVC", 2, "0.1143", "El Salvador colon"),
    row("SYP", 2, "0.000077", "Syrian pound"),
    row("SZL", 2, "0.055", "Lilangeni"),
    row("THB", 2, "0.029", "Baht"),
    row("TJS", 2, "0.094", "Somoni"),
    row("TMT", 2, "0.2857", "Turkmenistan new manat"),
    row("TND", 3, "0.325", "Tunisian dinar"),
    row("TOP", 2, "0.42", "Pa'anga"),
    row("TRY", 2, "0.029", "Turkish lira"),
    row("TTD", 2, "0.1475", "Trinidad and Tobago dollar"),
    row("TWD", 2, "0.031", "New Taiwan dollar"),
    row("TZS", 2, "0.00038", "Tanzanian shilling"),
    row("UAH", 2, "0.024", "Hryvnia"),
    row("UGX", 0, "0.00027", "Uganda shilling"),
    row("USD", 2, "1", "US dollar"),
    row("UYU", 2, "0.025", "Peso uruguayo"),
    row("UYW", 4, "0.043", "Unidad previsional"),
    row("UZS", 2, "0.000079", "Uzbekistan sum"),
    row("VED", 2, "0.01", "Bolívar digital"),
    row("VES", 2, "0.01", "Bolívar soberano"),
    row("VND", 0, "0.00004", "Dong"),
    row("VUV", 0, "0.0084", "Vatu"),
    row("WST", 2, "0.36", "Tala"),
    row("XAF", 0, "0.00168", "CFA franc BEAC"),
    row("XCD", 2, "0.3704", "East Caribbean dollar"),
    row("XCG", 2, "0.5587", "Caribbean guilder"),
    row("XOF", 0, "0.00168", "CFA franc BCEAO"),
    row("XPF", 0, "0.0092", "CFP franc"),
    row("YER", 2, "0.004", "Yemeni rial"),
    row("ZAR", 2, "0.055", "Rand"),
    row("ZMW", 2, "0.037", "Zambian kwacha"),
    row("ZWG", 2, "0.037", "Zimbabwe gold"),
];
