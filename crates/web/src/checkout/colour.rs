//! Colours and their contrast (WCAG 2.2, relative luminance), in whole numbers.

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    /// From `#rrggbb`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let known = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let part = |at: usize| u8::from_str_radix(digits.get(at..at.checked_add(2)?)?, 16).ok();
        known.then_some(Self { red: part(0)?, green: part(2)?, blue: part(4)? })
    }

    /// As `#rrggbb`.
    pub(super) fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }

    /// Whether the contrast of the two is at least so many hundredths: 450 for 4.5:1.
    pub(super) fn contrast_is(self, other: Self, hundredths: u64) -> bool {
        let (a, b) = (self.luminance(), other.luminance());
        let (light, dark) = (a.max(b).saturating_add(FLARE), a.min(b).saturating_add(FLARE));
        light.saturating_mul(100) >= dark.saturating_mul(hundredths)
    }

    /// Relative luminance in millionths.
    fn luminance(self) -> u64 {
        let linear = |part: u8| LINEAR.get(usize::from(part)).copied().unwrap_or_default();
        let sum = linear(self.red) * 2_126 + linear(self.green) * 7_152 + linear(self.blue) * 722;
        sum / 10_000
    }
}

/// The 0.05 that WCAG adds for light of the surroundings, in millionths.
const FLARE: u64 = 50_000;

/// Each value of an sRGB channel made linear, in millionths (IEC 61966-2-1).
#[rustfmt::skip]
const LINEAR: [u64; 256] = [
    0, 304, 607, 911, 1214, 1518, 1821, 2125, 2428, 2732, 3035, 3347, 3677, 4025, 4391, 4777,
    5182, 5605, 6049, 6512, 6995, 7499, 8023, 8568, 9134, 9721, 10330, 10960, 11612, 12286, 12983,
    13702, 14444, 15209, 15996, 16807, 17642, 18500, 19382, 20289, 21219, 22174, 23153, 24158,
    25187, 26241, 27321, 28426, 29557, 30713, 31896, 33105, 34340, 35601, 36889, 38204, 39546,
    40915, 42311, 43735, 45186, 46665, 48172, 49707, 51269, 52861, 54480, 56128, 57805, 59511,
    61246, 63010, 64803, 66626, 68478, 70360, 72272, 74214, 76185, 78187, 80220, 82283, 84376,
    86500, 88656, 90842, 93059, 95307, 97587, 99899, 102242, 104616, 107023, 109462, 111932,
    114435, 116971, 119538, 122139, 124772, 127438, 130136, 132868, 135633, 138432, 141263,
    144128, 147027, 149960, 152926, 155926, 158961, 162029, 165132, 168269, 171441, 174647,
    177888, 181164, 184475, 187821, 191202, 194618, 198069, 201556, 205079, 208637, 212231,
    215861, 219526, 223228, 226966, 230740, 234551, 238398, 242281, 246201, 250158, 254152,
    258183, 262251, 266356, 270498, 274677, 278894, 283149, 287441, 291771, 296138, 300544,
    304987, 309469, 313989, 318547, 323143, 327778, 332452, 337164, 341914, 346704, 351533,
    356400, 361307, 366253, 371238, 376262, 381326, 386429, 391572, 396755, 401978, 407240,
    412543, 417885, 423268, 428690, 434154, 439657, 445201, 450786, 456411, 462077, 467784,
    473531, 479320, 485150, 491021, 496933, 502886, 508881, 514918, 520996, 527115, 533276,
    539479, 545724, 552011, 558340, 564712, 571125, 577580, 584078, 590619, 597202, 603827,
    610496, 617207, 623960, 630757, 637597, 644480, 651406, 658375, 665387, 672443, 679542,
    686685, 693872, 701102, 708376, 715694, 723055, 730461, 737910, 745404, 752942, 760525,
    768151, 775822, 783538, 791298, 799103, 806952, 814847, 822786, 830770, 838799, 846873,
    854993, 863157, 871367, 879622, 887923, 896269, 904661, 913099, 921582, 930111, 938686,
    947307, 955973, 964686, 973445, 982251, 991102, 1000000,
];

#[cfg(test)]
mod tests {
    use super::Colour;

    fn colour(hex: &str) -> Colour {
        Colour::parse(hex).expect("a colour")
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        let (black, white) = (colour("#000000"), colour("#ffffff"));
        assert!(black.contrast_is(white, 2_100) && !black.contrast_is(white, 2_101));
        // The well-known edge: #767676 on white is 4.54:1, #777777 is 4.48:1.
        assert!(colour("#767676").contrast_is(white, 450));
        assert!(!colour("#777777").contrast_is(white, 450));
    }

    #[test]
    fn only_six_hexadecimal_digits_are_a_colour() {
        for text in ["", "#", "#fff", "#12345g", "123456", "#+12345", "#1234567", "#ééé"] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
        assert_eq!(colour("#AbCdEf").hex(), "#abcdef");
    }
}
