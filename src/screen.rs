//! `orion screen`: names against lists of people and organisations that a bank may not serve, or names against each other.
//!
//! In: lists as their authorities publish them, and a CSV of names or of pairs. Out: CSV on standard output, in the order of
//! the input, each name's hits best first. Never: a server, or half a list: a file that is damaged is refused as a whole.

use crate::exit::{BAD_INPUT, Exit, USAGE};
use crate::progress::Progress;
use flate2::read::MultiGzDecoder;
use screening::index::{Index, Why};
use screening::list::{Born, Format, List, ListError, Parts};
use screening::qualify::Facts;
use screening::rarity::Rarity;
use screening::score::{self, How};
use std::io::{ErrorKind, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

/// More than any list has. What unpacks to more is no list.
const BYTES_MAX: u64 = 1 << 30;

/// `orion screen`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion screen --list un.xml.gz --names customers.csv\n  orion screen --list sdn.csv --list alt.csv --list add.csv --names customers.csv --threshold 0.75\n  orion screen --list un.xml --list own.csv --names customers.csv --explain\n  orion screen --pairs pairs.csv\n\nLists: UN XML, OFAC's CSV (sdn, and alt and add beside it), OpenSanctions' JSON lines, CSV with id,name[,dob,country]; also as .gz.\nWhere two lists have an entry of the same id, the file's name comes before all ids (un:7).\nNames: CSV with id,name[,dob,country]; prints id,name,entity,matched_name,score.\nPairs: CSV with a,b; prints a,b,score.\nScores go from 0 to 1, which is the same name; a match begins at 0.7.\n\nExit codes: 0 done; 2 the command line is wrong; 65 a file is not there, or wrong."
)]
pub struct Args {
    /// A list; several may be given.
    #[arg(long, value_name = "FILE", required_unless_present = "pairs")]
    list: Vec<PathBuf>,
    /// The names to screen.
    #[arg(long, value_name = "FILE", required_unless_present = "pairs")]
    names: Option<PathBuf>,
    /// Pairs of names to compare.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["list", "names", "threshold"])]
    pairs: Option<PathBuf>,
    /// From which score on a name is a hit, from 0 to 1.
    #[arg(long, value_name = "SCORE", value_parser = threshold, default_value = "0.7")]
    threshold: u32,
    /// One more column: which word answers which, and how.
    #[arg(long)]
    explain: bool,
    /// No progress.
    #[arg(long)]
    quiet: bool,
}

/// Reads, compares and prints.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
    let written = match (&args.pairs, &args.names) {
        (Some(pairs), _) => compare(pairs, args, &mut out),
        (None, Some(names)) => screen(args, names, &mut out),
        (None, None) => Err(Exit { code: USAGE, sentence: "say --names FILE or --pairs FILE".to_owned() }.into()),
    };
    let written = written.and_then(|()| Ok(out.flush()?));
    // A closed pipe is the reader's way to say: enough.
    written.or_else(|error| if is_closed(&error) { Ok(()) } else { Err(error) })
}

type Out<'stdout> = csv::Writer<std::io::StdoutLock<'stdout>>;

fn screen(args: &Args, names: &Path, out: &mut Out) -> anyhow::Result<()> {
    let list = read(&args.list)?;
    let rarity = Rarity::of(&list);
    let index = Index::new(list, rarity);
    let rows = Rows::of(names, &["id", "name"], &["dob", "country"])?;
    let mut progress = progress("screen", args);
    out.write_record(["id", "name", "entity", "matched_name", "score"].into_iter().chain(args.explain.then_some("why")))?;
    rows.each(|line, [id, name, born, country]| {
        let facts = Facts { born: Born::read(born), countries: country.split(';').map(str::to_owned).collect() };
        if !born.trim().is_empty() && facts.born.is_none() {
            return Err(
                bad(format!("{}, line {line}: `{born}` is no date of birth; write it as 1971-03-25 or 1971", names.display())).into()
            );
        }
        for hit in index.screen(name, &facts, args.threshold) {
            let (score, why) = (decimal(hit.score), args.explain.then(|| explained(&hit.why)));
            out.write_record([id, name, &hit.entry.id, hit.matched, &score].into_iter().chain(why.as_deref()))?;
        }
        progress.add(1);
        Ok(())
    })
}

/// The lists of these files as one. The files of OFAC belong together, every other is a list of its own.
fn read(files: &[PathBuf]) -> anyhow::Result<List> {
    let (mut lists, mut ofac, mut of_ofac) = (Vec::<(String, List)>::new(), Parts::default(), Vec::<&PathBuf>::new());
    for file in files {
        let bytes = bytes(file)?;
        let wrong = |error: ListError| bad(format!("{}: {error}", file.display()));
        match Format::of(&bytes).map_err(wrong)? {
            Format::Ofac | Format::OfacAliases | Format::OfacAddresses => {
                ofac.add(&bytes).map_err(wrong)?;
                of_ofac.push(file);
            }
            Format::Un | Format::Ftm | Format::Plain => lists.push((stem(file), List::read(&bytes).map_err(wrong)?)),
        }
    }
    let said = |files: &[&PathBuf]| files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
    if let Some(first) = of_ofac.first() {
        lists.push((stem(first), ofac.list().map_err(|error| bad(format!("{}: {error}", said(&of_ofac))))?));
    }
    let all: Vec<_> = files.iter().collect();
    Ok(List::together(lists).map_err(|error| bad(format!("{}: {error}", said(&all))))?)
}

/// The name of a file up to its first dot.
fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

fn compare(pairs: &Path, args: &Args, out: &mut Out) -> anyhow::Result<()> {
    let rows = Rows::of(pairs, &["a", "b"], &[])?;
    let mut progress = progress("compare", args);
    out.write_record(["a", "b", "score"].into_iter().chain(args.explain.then_some("why")))?;
    rows.each(|_, [one, other, ..]| {
        let (score, why) = score::explained_pair(one, other);
        let why = args.explain.then(|| explained(&why));
        out.write_record([one, other, &decimal(score)].into_iter().chain(why.as_deref()))?;
        progress.add(1);
        Ok(())
    })
}

/// Nobody watches a file that fills.
fn progress(title: &str, args: &Args) -> Progress {
    Progress::new(title, 0, args.quiet || !std::io::stderr().is_terminal())
}

/// `mohamed ~ muhammad (variant); zarbatu = zarbatu`.
fn explained(why: &[Why]) -> String {
    let piece = |why: &Why| {
        let how = match why.how {
            How::Equal => return format!("{} = {}", why.query, why.listed),
            How::Variant => "variant",
            How::Edit => "spelling",
            How::Initial => "initial",
            How::Joined => "joined",
            How::Acronym => "acronym",
        };
        format!("{} ~ {} ({how})", why.query, why.listed)
    };
    why.iter().map(piece).collect::<Vec<_>>().join("; ")
}

/// A CSV file with a header, of which up to four columns are read, whatever their order.
struct Rows {
    file: PathBuf,
    text: Vec<u8>,
    places: [Option<usize>; 4],
}

impl Rows {
    fn of(file: &Path, needed: &[&str], known: &[&str]) -> anyhow::Result<Self> {
        let mut rows = Self { file: file.to_owned(), text: bytes(file)?, places: [None; 4] };
        let header = rows.reader().headers().map_err(|error| rows.broken(&error))?.clone();
        for (place, column) in rows.places.iter_mut().zip(needed.iter().chain(known)) {
            *place = header.iter().position(|name| name.trim().eq_ignore_ascii_case(column));
        }
        if rows.places[..needed.len()].contains(&None) {
            let sentence = format!("{}, line 1: the header must name the columns {}", file.display(), needed.join(" and "));
            return Err(bad(sentence).into());
        }
        Ok(rows)
    }

    fn each(&self, mut each: impl FnMut(u64, [&str; 4]) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut reader = self.reader();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| self.broken(&error))? {
            let line = record.position().map_or(0, csv::Position::line);
            each(line, self.places.map(|place| place.and_then(|place| record.get(place)).unwrap_or_default()))?;
        }
        Ok(())
    }

    fn reader(&self) -> csv::Reader<&[u8]> {
        csv::Reader::from_reader(self.text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.text))
    }

    fn broken(&self, error: &csv::Error) -> Exit {
        let line = error.position().map_or(1, csv::Position::line);
        let reason = match error.kind() {
            csv::ErrorKind::Utf8 { .. } => "the text is not UTF-8; save it as UTF-8".to_owned(),
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("it has {len} columns where the header has {expected_len}; put names with commas in quotation marks")
            }
            _ => error.to_string(),
        };
        bad(format!("{}, line {line}: {reason}", self.file.display()))
    }
}

/// A file as a whole, unpacked if it is packed.
pub(crate) fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    let unread =
        |error: std::io::Error| bad(format!("{} can't be read: {error}; see that the path is right and the file whole", file.display()));
    let mut bytes = std::fs::read(file).map_err(unread)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let packed = std::mem::take(&mut bytes);
        MultiGzDecoder::new(packed.as_slice()).take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unread)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > BYTES_MAX) {
            return Err(bad(format!("{} unpacks to more than a gigabyte, which no list does", file.display())).into());
        }
    }
    Ok(bytes)
}

fn bad(sentence: String) -> Exit {
    Exit { code: BAD_INPUT, sentence }
}

fn is_closed(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    let csv = error.downcast_ref::<csv::Error>().and_then(|error| match error.kind() {
        csv::ErrorKind::Io(error) => Some(error.kind()),
        _ => None,
    });
    io.or(csv) == Some(ErrorKind::BrokenPipe)
}

/// Ten-thousandths as a decimal.
fn decimal(score: u32) -> String {
    format!("{}.{:04}", score / score::SURE, score % score::SURE)
}

fn threshold(text: &str) -> Result<u32, String> {
    let expected = || "expected a number from 0 to 1 with at most four decimals, such as 0.85".to_owned();
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    if !["0", "1", ""].contains(&whole) || text.is_empty() || !digits(decimals) {
        return Err(expected());
    }
    let score: u32 = format!("{whole}{decimals:0<4}").parse().map_err(|_| expected())?;
    if score > score::SURE { Err(expected()) } else { Ok(score) }
}

#[cfg(test)]
mod tests {
    use super::{decimal, threshold};

    #[test]
    fn thresholds_are_decimals_from_nothing_to_one() {
        for (text, expected) in [
            ("0.8", Some(8_000)),
            (".8123", Some(8_123)),
            ("1", Some(10_000)),
            ("0", Some(0)),
            ("1.0001", None),
            ("0.80001", None),
            ("2", None),
            ("-0.5", None),
            ("", None),
            ("nan", None),
        ] {
            assert_eq!(threshold(text).ok(), expected, "{text}");
        }
        assert_eq!(threshold(&decimal(screening::THRESHOLD)).unwrap(), screening::THRESHOLD);
        assert_eq!(threshold("0.7").unwrap(), screening::THRESHOLD, "the default of the command is that of the crate");
    }
}
