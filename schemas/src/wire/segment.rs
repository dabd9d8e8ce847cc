//! A segment of the archive: records in an Avro object container file, blocks compressed with zstd.
//!
//! In: records of one partition. Out: the bytes of a file that any Avro tool reads, and back. The same records give
//! the same bytes: the marker between blocks, which is usually random, is made from the first offset.

use super::WireError;
use crate::stored::Stored;
use serde_avro_fast::Schema;
use serde_avro_fast::object_container_file_encoding::{Compression, CompressionLevel, Reader, WriterBuilder};
use serde_avro_fast::ser::SerializerConfig;
use std::sync::LazyLock;

/// The schema of a segment, as JSON; every segment holds it too.
pub const SCHEMA_JSON: &str = include_str!("../../avro/stored_record.avsc");

/// Bytes of records in a block: large enough to compress well, small enough to be read in passing.
const BLOCK_BYTES: u32 = 256 * 1024;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| SCHEMA_JSON.parse().expect("the committed schema parses; a test reads it"));

/// The records as the bytes of a segment.
pub fn encode(records: &[Stored]) -> Result<Vec<u8>, WireError> {
    let first = records.first().map_or(0, |record| record.offset);
    let mut marker = *b"Orion seg\0\0\0\0\0\0\0";
    marker[8..].copy_from_slice(&first.to_be_bytes());
    let failed = |error: serde_avro_fast::ser::SerError| WireError::Segment(error.to_string());
    let mut config = SerializerConfig::new(&SCHEMA);
    let mut writer = WriterBuilder::new(&mut config)
        .compression(Compression::Zstandard { level: CompressionLevel::default() })
        .approx_block_size(BLOCK_BYTES)
        .sync_marker(marker)
        .build(Vec::new())
        .map_err(failed)?;
    writer.serialize_all(records).map_err(failed)?;
    writer.into_inner().map_err(failed)
}

/// The records of a segment, one after the other.
pub fn decode(bytes: Vec<u8>) -> Result<impl Iterator<Item = Result<Stored, WireError>>, WireError> {
    let mut reader =
        Reader::from_reader(std::io::Cursor::new(bytes)).map_err(|error| WireError::Segment(super::cut(&error.to_string())))?;
    Ok(std::iter::from_fn(move || {
        reader.deserialize_next().map_err(|error| WireError::Segment(super::cut(&error.to_string()))).transpose()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored::StoredHeader;
    use serde_bytes::ByteBuf;

    fn records() -> Vec<Stored> {
        let bytes = |bytes: &[u8]| Some(ByteBuf::from(bytes.to_vec()));
        let header = |name: &str, value| StoredHeader { name: name.to_owned(), value };
        let many = (10..20_000).map(|offset| Stored { offset, value: bytes(&offset.to_be_bytes().repeat(8)), ..Stored::default() });
        [
            Stored { offset: 3, timestamp_ms: Some(1_764_000_000_000), key: bytes(b"k"), value: bytes(b"\0\x01\xff"), headers: Vec::new() },
            Stored {
                offset: 5,
                headers: vec![header("epoch", bytes(b"7")), header("epoch", None), header("", bytes(b""))],
                ..Stored::default()
            },
            Stored { offset: 9, key: bytes(b""), value: bytes(b""), ..Stored::default() },
        ]
        .into_iter()
        .chain(many)
        .collect()
    }

    #[test]
    fn what_is_written_is_read_back_and_written_the_same_again() {
        let records = records();
        let bytes = encode(&records).unwrap();
        assert_eq!(decode(bytes.clone()).unwrap().collect::<Result<Vec<_>, _>>().unwrap(), records);
        assert_eq!(encode(&records).unwrap(), bytes);
        assert_eq!(decode(encode(&[]).unwrap()).unwrap().count(), 0);
        assert_eq!((records[1].header("epoch"), records[1].header("none"), records[1].key()), ("7", "", &b""[..]));
    }

    #[test]
    fn bytes_that_are_no_segment_are_refused() {
        let bytes = encode(&records()).unwrap();
        assert!(matches!(decode(b"junk".to_vec()), Err(WireError::Segment(_))));
        assert!(decode(bytes[..bytes.len() / 2].to_vec()).unwrap().any(|record| record.is_err()), "cut short");
    }

    #[test]
    fn the_schema_is_valid_for_the_reference_implementation_too() {
        apache_avro::Schema::parse_str(SCHEMA_JSON).unwrap();
    }
}
