//! The simple way to compare names, to compare ours with: Jaro-Winkler of the sorted words.

/// The words of a name, sorted.
pub(crate) fn sorted(name: &str) -> Vec<u8> {
    let mut words = screening::text::words(name);
    words.sort_unstable();
    words.join(" ").into_bytes()
}

/// In ten-thousandths.
pub(crate) fn jaro_winkler(one: &[u8], other: &[u8]) -> u32 {
    let jaro = jaro(one, other);
    let prefix = one.iter().zip(other).take(4).take_while(|(one, other)| one == other).count();
    let score = jaro + f64::from(u8::try_from(prefix).unwrap()) * 0.1 * (1.0 - jaro);
    format!("{:.0}", score * 10_000.0).parse().unwrap()
}

fn jaro(one: &[u8], other: &[u8]) -> f64 {
    let reach = (one.len().max(other.len()) / 2).saturating_sub(1);
    let (mut taken, mut matched) = (vec![false; other.len()], Vec::new());
    for (i, letter) in one.iter().enumerate() {
        let places = i.saturating_sub(reach)..(i + reach + 1).min(other.len());
        if let Some(j) = places.into_iter().find(|j| !taken[*j] && other[*j] == *letter) {
            taken[j] = true;
            matched.push(*letter);
        }
    }
    if matched.is_empty() {
        return 0.0;
    }
    let in_order = other.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(letter, _)| letter);
    let swapped = matched.iter().zip(in_order).filter(|(one, other)| one != other).count();
    let number = |count: usize| f64::from(u32::try_from(count).unwrap());
    let many = number(matched.len());
    (many / number(one.len()) + many / number(other.len()) + (many - number(swapped) / 2.0) / many) / 3.0
}
