//! How far apart two places are, in whole metres, on a sphere.
//!
//! In: places in millionths of a degree. Out: the length of the great circle between them. Never: a float, so every machine says the same.
//!
//! Angles and their sines have 60 bits behind the point. The result is within a metre of what a float of 64 bits says, everywhere; the earth
//! itself is up to half a percent away from the sphere, which is a kilometre in two hundred.

/// One, with 60 bits behind the point.
const ONE: i128 = 1 << 60;
const BITS: u32 = 60;
/// π with 60 bits behind the point.
const PI: i128 = 3_622_009_729_038_561_421;
/// Half a turn, in millionths of a degree.
const HALF_TURN_E6: i128 = 180_000_000;
/// The mean radius of the earth (IUGG), in metres.
const RADIUS_M: i128 = 6_371_009;

/// A place: millionths of a degree north and east.
pub(crate) type Degrees = (i32, i32);

/// The distance between two places, in metres.
pub(crate) fn metres((north_a, east_a): Degrees, (north_b, east_b): Degrees) -> i64 {
    let [north_a, east_a, north_b, east_b] = [north_a, east_a, north_b, east_b].map(i128::from);
    let apart = (east_a - east_b).abs();
    // The shorter way round.
    let apart = apart.min(2 * HALF_TURN_E6 - apart);
    let (north, east) = (sine(halved((north_a - north_b).abs())), sine(halved(apart)));
    let cosines = times(cosine(north_a), cosine(north_b));
    // The haversine of the angle between them.
    let haversine = (times(north, north) + times(cosines, times(east, east))).clamp(0, ONE);
    let angle = 2 * arcsine_of_root(haversine);
    i64::try_from((angle * RADIUS_M + ONE / 2) >> BITS).expect("half way round the earth fits an i64")
}

fn times(one: i128, other: i128) -> i128 {
    (one * other) >> BITS
}

/// Half of an angle, which is at most a quarter of a turn.
const fn halved(angle_e6: i128) -> i128 {
    angle_e6 * PI / (2 * HALF_TURN_E6)
}

/// The cosine of a latitude.
fn cosine(north_e6: i128) -> i128 {
    sine((HALF_TURN_E6 / 2 - north_e6.abs()) * PI / HALF_TURN_E6)
}

/// The sine of an angle of at most a quarter of a turn, by its series.
fn sine(angle: i128) -> i128 {
    let square = times(angle, angle);
    let (mut term, mut sum, mut place) = (angle, angle, 1);
    while term != 0 {
        term = -times(term, square) / ((place + 1) * (place + 2));
        sum += term;
        place += 2;
    }
    sum
}

/// The angle whose sine is the root of this, by its series; above a half, by what it lacks to a quarter of a turn.
fn arcsine_of_root(square: i128) -> i128 {
    if square > ONE / 2 { PI / 2 - arcsine(root(ONE - square)) } else { arcsine(root(square)) }
}

fn root(square: i128) -> i128 {
    (square << BITS).isqrt()
}

/// The series, where its square is at most a half: each term is less than half of the one before.
fn arcsine(sine: i128) -> i128 {
    let square = times(sine, sine);
    let (mut power, mut sum, mut place) = (sine, sine, 1);
    while power != 0 {
        power = times(power, square) * place / (place + 1);
        place += 2;
        sum += power / place;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same by floats.
    fn by_floats(a: Degrees, b: Degrees) -> f64 {
        let radians = |e6: i32| (f64::from(e6) / 1e6).to_radians();
        let (north, east) = (radians(a.0) - radians(b.0), radians(a.1) - radians(b.1));
        let haversine = (north / 2.0).sin().powi(2) + radians(a.0).cos() * radians(b.0).cos() * (east / 2.0).sin().powi(2);
        2.0 * 6_371_009.0 * haversine.sqrt().min(1.0).asin()
    }

    fn place() -> impl Strategy<Value = Degrees> {
        let corner = |most: i32| prop_oneof![8 => -most..=most, 1 => Just(most), 1 => Just(-most), 1 => Just(0)];
        (corner(90_000_000), corner(180_000_000))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn it_is_within_a_metre_of_what_floats_say(a in place(), b in place(), near in (-2_000_000..2_000_000i32, -2_000_000..2_000_000i32)) {
            let beside = ((a.0 + near.0).clamp(-90_000_000, 90_000_000), (a.1 + near.1).clamp(-180_000_000, 180_000_000));
            for other in [b, beside] {
                let (own, floats) = (metres(a, other), by_floats(a, other));
                // A float is off by some metres itself where two places are nearly opposite.
                let within = if floats > 20_000_000.0 { 5.0 } else { 1.0 };
                let own_m = f64::from(i32::try_from(own).unwrap());
                prop_assert!((own_m - floats).abs() <= within, "{a:?} {other:?}: {own} and {floats}");
                prop_assert_eq!(own, metres(other, a));
            }
        }
    }

    #[test]
    fn known_places_are_as_far_apart_as_they_are() {
        let (dakar, thies, bamako, quito) =
            ((14_716_677, -17_467_686), (14_791_005, -16_935_854), (12_639_232, -8_002_889), (-180_653, -78_467_838));
        assert_eq!(metres(dakar, dakar), 0);
        assert_eq!(metres(dakar, thies) / 1_000, 57);
        assert_eq!(metres(dakar, bamako) / 1_000, 1_048);
        assert_eq!(metres(dakar, quito) / 1_000, 6_903);
        assert_eq!(metres((0, 179_999_999), (0, -179_999_999)), 0, "the shorter way round");
        assert_eq!(metres((90_000_000, 0), (-90_000_000, 0)), 20_015_115, "from pole to pole");
    }
}
