//! Log files that people write: good ones decide as they say, bad ones end with a sentence and a line.

use super::*;
use crate::replay::START_MS;
use schemas::Refusal;

const RULE: Rule = Rule { every: 1, start_ms: START_MS };
const AWA: &str = r#"{"command": {"operation": "create_customer", "full_name": "Awa Diop"}, "as": "awa"}"#;
const WALLET: &str =
    r#"{"command": {"operation": "open_account", "customer_id": "@awa", "type": "wallet", "currency": "XOF"}, "as": "wallet"}"#;
const DEPOSIT: &str = r#"{"command": {"operation": "deposit", "account_credit": "@wallet", "amount": "12500", "currency": "XOF"}}"#;
const JUNK: &str = r#"{"junk": {"text": "no command"}}"#;

/// Decides lines; the epochs, and how many commands were not bound.
fn run(lines: &[&str], rule: Rule) -> anyhow::Result<(Vec<Decided>, u64)> {
    let path = std::env::temp_dir().join(format!("orion-log-{}.jsonl", uuid::Uuid::new_v4()));
    std::fs::write(&path, lines.join("\n")).unwrap();
    let mut decided = Vec::new();
    let mut take = |epoch: Decided| {
        decided.push(epoch);
        Ok(true)
    };
    let undecided = decide(&path, rule, &mut Ledgers::new(false), &mut take);
    std::fs::remove_file(&path).unwrap();
    Ok((decided, undecided?))
}

/// Epochs since the start, with how many events and dead letters each has.
fn shape(decided: &[Decided]) -> Vec<(u64, usize, usize)> {
    let shape = |epoch: &Decided| (epoch.output.binding.epoch - START_MS, epoch.output.events.len(), epoch.output.dead_letters.len());
    decided.iter().map(shape).collect()
}

#[test]
fn a_log_written_by_hand_is_bound_by_the_rule_and_the_same_every_time() {
    let lines = [AWA, WALLET, "", DEPOSIT, JUNK];
    let (one_each, undecided) = run(&lines, RULE).unwrap();
    // The first deposit opens the house's cash account too.
    assert_eq!((shape(&one_each), undecided), (vec![(0, 1, 0), (1, 1, 0), (2, 2, 0), (3, 0, 1)], 0));
    let (again, _) = run(&lines, RULE).unwrap();
    assert!(one_each.iter().zip(&again).all(|(one, again)| one.output.events == again.output.events));
    // Where a line names what is not decided yet, the epoch ends before it.
    assert_eq!(shape(&run(&lines, Rule { every: 100, ..RULE }).unwrap().0), [(0, 1, 0), (1, 1, 0), (2, 2, 1)]);
}

#[test]
fn time_moves_only_as_the_file_says_and_never_in_leaps() {
    let later = r#"{"junk": {}, "at": 1767225730000}"#;
    let (decided, _) = run(&[AWA, later], Rule { every: 100, ..RULE }).unwrap();
    assert_eq!(shape(&decided), [(0, 1, 0), (60_000, 0, 0), (120_000, 0, 0), (130_000, 0, 1)]);
}

#[test]
fn a_version_of_the_rules_decides_from_the_epoch_after_its_activation() {
    let activate = |version: u32| format!(r#"{{"command": {{"operation": "activate_rules", "version": {version}}}}}"#);
    let (back, forth) = (activate(1), activate(2));
    let (decided, _) = run(&[AWA, &back, &forth, &back, WALLET], RULE).unwrap();
    let versions: Vec<u32> = decided.iter().map(|epoch| epoch.output.binding.code_version).collect();
    let newest = state::CODE_VERSION;
    assert_eq!(versions, [newest, newest, 1, 2, 1]);
    let bind = |epoch: u64, version: u32| format!(r#"{{"binding": {{"epoch": {epoch}, "code_version": {version}}}}}"#);
    let (first, second) = (bind(START_MS, 2), bind(START_MS + 1, 2));
    let error = run(&[&back, &first, AWA, &second], RULE).err().unwrap();
    assert!(error.to_string().contains("was decided by version 2 of the rules, and version 1 was in force"), "{error}");
}

#[test]
fn bindings_in_a_file_are_its_epochs_and_what_follows_the_last_is_not_decided() {
    let bind = |epoch: u64| format!(r#"{{"binding": {{"epoch": {epoch}}}}}"#);
    let (first, second, third) = (bind(START_MS + 5), bind(START_MS + 9), bind(START_MS + 900_000));
    let (decided, undecided) = run(&[AWA, &first, WALLET, &second, DEPOSIT, JUNK, &third, JUNK], RULE).unwrap();
    assert_eq!((shape(&decided), undecided), (vec![(5, 1, 0), (9, 1, 0), (900_000, 2, 1)], 1));
    assert!(decided.iter().all(|epoch| epoch.output.committed.is_none()), "nothing to compare with");
}

#[test]
fn a_refused_command_gives_no_id_to_its_name() {
    let stranger =
        r#"{"command": {"operation": "create_customer", "full_name": "Awa", "subject": "x", "authority": "customer"}, "as": "awa"}"#;
    let (decided, _) = run(&[stranger], RULE).unwrap();
    assert!(matches!(decided[0].output.events[0].fact, Fact::Refused { refusal: Refusal::NotAuthorized, .. }));
    let error = run(&[stranger, WALLET], RULE).err().unwrap().to_string();
    assert!(error.ends_with("line 2: nothing that was created before is called \"awa\""), "{error}");
}

#[test]
fn what_is_held_and_paid_has_a_name_for_what_follows() {
    let pay = |operation: &str, more: &str| {
        format!(
            r#"{{"command": {{"operation": "{operation}", "account_debit": "@wallet", "account_credit": "@shop", "amount": "1000", "currency": "XOF"{more}}}, "as": "{operation}"}}"#
        )
    };
    let shop = r#"{"command": {"operation": "open_account", "customer_id": "@awa", "type": "current", "role": "merchant", "currency": "XOF"}, "as": "shop"}"#;
    let capture = r#"{"command": {"operation": "capture", "hold": "@reserve", "amount": "400", "currency": "XOF"}, "as": "captured"}"#;
    let refund = r#"{"command": {"operation": "refund", "transaction": "@captured", "amount": "100", "currency": "XOF"}, "as": "refund"}"#;
    let release = r#"{"command": {"operation": "release", "hold": "@reserve"}}"#;
    let reverse = r#"{"command": {"operation": "reverse", "transaction": "@merchant_payment"}}"#;
    let (reserve, merchant) = (pay("reserve", r#", "kind": "merchant_payment""#), pay("merchant_payment", ""));
    let lines = [AWA, WALLET, shop, DEPOSIT, &reserve, capture, refund, release, &merchant, reverse];
    let (decided, _) = run(&lines, RULE).unwrap();
    let answers = decided.iter().flat_map(|epoch| &epoch.output.events).filter(|event| event.answers());
    let refused = |fact: &Fact| match fact {
        Fact::Transaction(paid) => paid.refusal,
        Fact::Refused { refusal, .. } => Some(*refusal),
        _ => None,
    };
    let refusals: Vec<_> = answers.filter_map(|event| refused(&event.fact)).collect();
    assert_eq!(refusals, []);
    // A payment that failed gives its name to nothing.
    let dear = merchant.replace("1000", "100000");
    let error = run(&[AWA, WALLET, shop, &dear, reverse], RULE).err().unwrap().to_string();
    assert!(error.ends_with("line 5: nothing that was created before is called \"merchant_payment\""), "{error}");
}

#[test]
fn what_a_batch_makes_and_an_order_pays_has_a_name_too() {
    let shop = r#"{"command": {"operation": "open_account", "customer_id": "@awa", "type": "current", "role": "merchant", "currency": "XOF"}, "as": "shop"}"#;
    let sides = r#""account_debit": "@wallet", "account_credit": "@shop", "amount": "100", "currency": "XOF""#;
    let items = format!(
        r#"{{"operation": "merchant_payment", {sides}}}, {{"operation": "release", "hold": "{}"}}, {{"operation": "reserve", "kind": "merchant_payment", {sides}}}"#,
        schemas::HoldId::mint(1, 0)
    );
    let batch = format!(r#"{{"command": {{"operation": "batch", "mode": "independent", "items": [{items}]}}, "as": "both"}}"#);
    let refund = r#"{"command": {"operation": "refund", "transaction": "@both#0", "amount": "100", "currency": "XOF"}}"#;
    let order = format!(
        r#"{{"command": {{"operation": "order", "kind": "merchant_payment", {sides}, "execute_at": {}}}, "as": "later"}}"#,
        START_MS + 1_000
    );
    let (on_day, reverse) =
        (r#"{"junk": {}, "at": 1767225602000}"#, r#"{"command": {"operation": "reverse", "transaction": "@later#paid"}}"#);
    let lines = [
        AWA,
        WALLET,
        shop,
        DEPOSIT,
        &batch,
        refund,
        r#"{"command": {"operation": "release", "hold": "@both#2"}}"#,
        &order,
        on_day,
        reverse,
    ];
    let (decided, _) = run(&lines, RULE).unwrap();
    let refused = decided.iter().flat_map(|epoch| &epoch.output.events).filter(|event| matches!(event.fact, Fact::Refused { .. }));
    assert_eq!(refused.count(), 1, "the release in the batch");
    let cancel = r#"{"command": {"operation": "cancel_order", "order": "@later"}}"#;
    let (decided, _) = run(&[AWA, WALLET, shop, DEPOSIT, &order, cancel], RULE).unwrap();
    assert!(decided.iter().flat_map(|epoch| &epoch.output.events).all(|event| !matches!(event.fact, Fact::Refused { .. })));
    // Neither an item that was refused nor an order that waits has paid anything.
    for (asked, name) in [(refund.replace("#0", "#1"), "both#1"), (reverse.to_owned(), "later#paid")] {
        let error = run(&[AWA, WALLET, shop, DEPOSIT, &batch, &order, &asked], RULE).err().unwrap().to_string();
        assert!(error.ends_with(&format!("line 7: nothing that was created before is called \"{name}\"")), "{error}");
    }
}

#[test]
fn a_bad_line_ends_with_its_number_and_one_sentence() {
    let binding = r#"{"binding": {"epoch": 1767225600005}}"#;
    for (lines, line, what) in [
        (vec![AWA, "{"], 2, "EOF while parsing"),
        (vec![AWA, "{}"], 2, "it should have one of command, junk and binding"),
        (vec![r#"{"comand": {}}"#], 1, "unknown field `comand`"),
        (vec![r#"{"command": {"operation": "gift"}}"#], 1, "\"gift\" is no operation"),
        (vec![r#"{"command": {"operation": "deposit", "amount": "1"}}"#], 1, "a deposit needs currency"),
        (vec![r#"{"command": {"operation": "deposit", "amount": "1.5", "currency": "XOF"}}"#], 1, "\"1.5\" is no amount"),
        (
            vec![r#"{"command": {"operation": "deposit", "amount": "1", "currency": "XOF", "full_name": "Awa"}}"#],
            1,
            "a deposit has no full_name",
        ),
        (vec![r#"{"command": {"operation": "create_customer"}}"#], 1, "a create_customer needs full_name"),
        (vec![r#"{"command": {"operation": "create_customer", "full_name": ""}}"#], 1, "is no full name"),
        (vec![DEPOSIT], 1, "nothing that was created before is called \"wallet\""),
        (vec![AWA, AWA], 2, "the name \"awa\" is given twice"),
        (vec![AWA, WALLET, binding], 2, "it names what an earlier line of the same epoch creates"),
        (vec![AWA, r#"{"junk": {}, "partition": 7}"#], 2, "the commands log has no partition 7"),
        (vec![r#"{"junk": {}, "offset": 4}"#, r#"{"junk": {}, "offset": 4}"#], 2, "offset 4 of partition 0 does not follow 4"),
        (vec![r#"{"junk": {}, "at": 1}"#], 1, "time goes back"),
        (vec![r#"{"junk": {"hex": "0"}}"#], 1, "is not an even number of hexadecimal digits"),
        (vec![AWA, binding, binding], 3, "epoch 1767225600005 does not follow 1767225600005"),
        (vec![r#"{"binding": {"epoch": 1767225600005, "code_version": 99}}"#], 1, "was decided by version 99 of the rules"),
        (vec![AWA, r#"{"binding": {"epoch": 1767225600005, "inputs": [{"partition": 0, "upper": 1, "count": 2}]}}"#], 2, "binds 2 records"),
        (
            vec![r#"{"binding": {"epoch": 1, "outputs": [{"topic": "t", "partition": 0, "count": 1, "digest": "ff"}]}}"#],
            1,
            "a digest is 32 hexadecimal digits",
        ),
    ] {
        let error = run(&lines, RULE).err().unwrap_or_else(|| panic!("{lines:?} passes"));
        let exit = error.downcast_ref::<Exit>().unwrap();
        assert!(
            exit.code == exit::BAD_INPUT && exit.sentence.contains(&format!("line {line}: ")) && exit.sentence.contains(what),
            "{what}: {exit}"
        );
    }
}
