//! Rows in, plans out; and every kind of bad file.

use super::*;

const HEADER: &str = "step,action,amount,nameOrig,oldBalanceOrig,newBalanceOrig,nameDest,oldBalanceDest,newBalanceDest,isFraud";

fn of(rows: &[&str]) -> Result<Plan, Bad> {
    plan(format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes(), None)
}

/// Names of the payer, the payee and the caller, kind, amount.
fn shown(plan: &Plan) -> Vec<String> {
    let account = |party: Party| match party {
        Party::House => "house".to_owned(),
        Party::Account(account) => {
            let account = plan.accounts[account];
            format!("{}/{}", plan.holders[account.holder].full_name, account.role)
        }
        Party::Stranger(id) => id.to_string(),
    };
    let line = |payment: &PlannedPayment| {
        let (debit, credit) = (account(payment.debit), account(payment.credit));
        format!("{} {debit} > {credit} {} by {}", payment.kind, payment.amount, plan.holders[payment.caller].full_name)
    };
    plan.payments.iter().map(line).collect()
}

#[test]
fn each_action_is_a_payment() {
    let plan = of(&[
        "1,CASH_IN,100.50,C1,40.4,0,M1,0,0,0",
        "1,CASH_OUT,30.49,C1,999,0,M1,0,0,0",
        "2,DEBIT,5,C1,999,0,B1,77,0,0",
        "2,PAYMENT,6.00,C1,999,0,M1,0,0,0",
        "3,TRANSFER,7.00,C1,999,0,C2,12.5,0,0",
        "3,CASH_IN,0.5,C2,999,0,M1,0,0,0",
        "3,PAYMENT,0.49,C3,-8.5,0,M2,0,0,0",
    ])
    .unwrap();
    let expected = [
        "deposit M1/agent > C1/customer 101 by M1",
        "withdrawal C1/customer > M1/agent 30 by C1",
        "withdrawal C1/customer > house 5 by C1",
        "merchant_payment C1/customer > M1/merchant 6 by C1",
        "transfer C1/customer > C2/customer 7 by C1",
        "deposit M1/agent > C2/customer 1 by M1",
        "merchant_payment C3/customer > M2/merchant 0 by C3",
    ];
    assert_eq!(shown(&plan), expected);
    assert_eq!(plan.holders.len(), 5, "M1 is one holder of two accounts");
    assert_eq!(plan.accounts.len(), 6);
    let openings: Vec<(usize, i64)> = plan.openings.iter().map(|opening| (opening.account, opening.amount_minor)).collect();
    assert_eq!(openings, [(0, 40), (3, 13), (1, 102)], "first old balances above zero, then the agent's float");
}

#[test]
fn a_limit_takes_the_first_rows() {
    let text = format!("{HEADER}\n1,DEBIT,1,C1,5,0,B1,0,0,0\n1,DEBIT,2,C2,5,0,B1,0,0,0\n1,NONSENSE");
    let plan = plan(text.as_bytes(), Some(2)).unwrap();
    assert_eq!((plan.payments.len(), plan.holders.len()), (2, 2));
}

#[test]
fn a_bad_file_is_named_by_line() {
    let good = "1,DEBIT,1,C1,5,0,B1,0,0,0";
    let cases: &[(&[&str], u64, &str)] = &[
        (&[], 2, "no row"),
        (&[good, "1,DEBIT,1x,C1,5,0,B1,0,0,0"], 3, "amount \"1x\" is not a decimal number"),
        (&[good, "1,DEBIT,1e3,C1,5,0,B1,0,0,0"], 3, "amount"),
        (&[good, "1,DEBIT,-1,C1,5,0,B1,0,0,0"], 3, "negative"),
        (&["1,DEBIT,1,C1,?,0,B1,0,0,0"], 2, "oldBalanceOrig"),
        (&[good, good, "1,GIFT,1,C1,5,0,B1,0,0,0"], 4, "\"GIFT\" is not an action"),
        (&[good, "1,DEBIT,1,,5,0,B1,0,0,0"], 3, "nameOrig is missing"),
        (&[good, "1,DEBIT,1,C1"], 3, "oldBalanceOrig is missing"),
        (&["1,DEBIT,99999999999999999999,C1,5,0,B1,0,0,0"], 2, "amount"),
        (&["1,CASH_IN,9223372036854775807,C1,5,0,M1,0,0,0", "1,CASH_IN,1,C1,5,0,M1,0,0,0"], 3, "exceed any float"),
    ];
    for (rows, line, what) in cases {
        let (found, said) = of(rows).unwrap_err();
        assert!(found == *line && said.contains(what), "{rows:?}: line {found}, {said}");
    }
    assert!(plan(&b""[..], None).unwrap_err().1.contains("empty"));
    assert!(plan(&b"step,action,amount\n"[..], None).unwrap_err().1.contains("no column nameOrig"));
    assert_eq!(
        plan(&[HEADER.as_bytes(), b"\n1,DEBIT,\xff,C1,5,0,B1,0,0,0\n"].concat()[..], None).unwrap_err(),
        (2, "the text is not UTF-8".to_owned())
    );
}

#[test]
fn gzip_is_read_and_what_only_looks_like_it_is_not() {
    let directory = std::env::temp_dir().join(format!("orion-paysim-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&directory).unwrap();
    let good = format!("{HEADER}\n1,DEBIT,1,C1,5,0,B1,0,0,0\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, good.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let cases: &[(&str, &[u8], bool)] = &[
        ("good.csv", good.as_bytes(), true),
        ("good.csv.gz", &packed, true),
        ("plain.csv.gz", good.as_bytes(), false),
        ("cut.csv.gz", &packed[..packed.len() - 12], false),
        ("packed.csv", &packed, false),
    ];
    for (name, bytes, readable) in cases {
        let path = directory.join(name);
        std::fs::write(&path, bytes).unwrap();
        match read(&path, None) {
            Ok(_) => assert!(readable, "{name}"),
            Err(trouble) => assert!(!readable && matches!(trouble, Trouble::Input { .. }), "{name}: {trouble}"),
        }
    }
    assert!(matches!(read(&directory.join("absent.csv"), None), Err(Trouble::Open { .. })));
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn francs_are_rounded_half_up() {
    let cases = [("0", 0), ("0.49", 0), ("0.5", 1), ("1.50", 2), ("-1.5", -2), ("48362.94", 48_363), ("007", 7)];
    for (text, francs_expected) in cases {
        assert_eq!(francs(text), Some(francs_expected), "{text}");
    }
    for text in ["", "-", ".", "1.", ".5", "1,5", "+1", "1e3", "NaN", " 1", "1.2.3", "9223372036854775807.5"] {
        assert_eq!(francs(text), None, "{text}");
    }
}
