//! What is planted is found, and a bad file is named.

use super::*;
use std::path::Path;

/// Three small files, and what they are called.
fn files(payments: &str, alerts: &str, accounts: &str) -> (PathBuf, Args) {
    let folder = std::env::temp_dir().join(format!("orion-evaluate-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let args = Args {
        transactions: write("payments.csv", payments),
        alerts: write("alerts.csv", alerts),
        accounts: write("accounts.csv", accounts),
        set: Vec::new(),
        rules: Vec::new(),
        quiet: true,
    };
    (folder, args)
}

const PAYMENTS: &str = "tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp,is_sar,alert_id
1,a,z,TRANSFER,10.5,2025-01-01T00:00:00Z,True,0
2,b,z,TRANSFER,10.5,2025-01-02T00:00:00Z,True,0
3,c,z,TRANSFER,10.5,2025-01-03T00:00:00Z,True,0
4,d,z,TRANSFER,10.5,2025-01-03T00:00:00Z,True,0
5,e,z,TRANSFER,10.5,2025-01-20T00:00:00Z,True,0
6,a,b,TRANSFER,1,2025-02-01T00:00:00Z,True,1
7,b,c,TRANSFER,9,2025-02-01T00:00:00Z,True,1
8,c,a,TRANSFER,5,2025-02-03T00:00:00Z,True,1
9,d,e,TRANSFER,5,2025-02-03T00:00:00Z,False,-1
";
const ALERTS: &str = "alert_id,alert_type,is_sar,tran_id
0,fan_in,True,1
0,fan_in,True,2
0,fan_in,True,3
0,fan_in,True,4
0,fan_in,True,5
1,cycle,True,6
1,cycle,True,7
1,cycle,True,8
";
const ACCOUNTS: &str = "acct_id\na\nb\nc\nd\ne\nz\n";

fn table(args: &Args) -> Vec<String> {
    let settings = settings(args).unwrap();
    let labelled = Arc::new(labelled::read(&args.transactions, &args.alerts, &args.accounts).unwrap());
    let enabled: Vec<RuleId> = settings.iter().filter(|setting| setting.enabled).map(|setting| setting.rule).collect();
    let (alerts, _) = detect(&labelled, &settings, true);
    let lines = score::lines(&labelled, &alerts, &enabled);
    lines[1..].iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_is_planted_is_found() {
    let (folder, mut args) = files(PAYMENTS, ALERTS, ACCOUNTS);
    let (fan, cycle) = ("fan_in 1/1 1 1 100.0 % 100.0 %", "1/1 1 1 100.0 % 100.0 %");
    assert_eq!(table(&args), [fan.to_owned(), format!("cycle {cycle}"), format!("cycle, 6 hops or less {cycle}")]);
    args.set = vec!["fan_in.senders=6".parse().unwrap()];
    args.rules = vec![RuleId::FanIn];
    assert_eq!(table(&args), ["fan_in 0/1 0 0 - -"]);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_bad_file_is_named_with_the_line() {
    let cases = [
        (PAYMENTS.replace("10.5,2025-01-02", "10.555,2025-01-02"), ALERTS.to_owned(), "payments.csv, line 3: \"10.555\" is no amount"),
        (PAYMENTS.replace("2025-01-02T", "2025-13-02T"), ALERTS.to_owned(), "payments.csv, line 3: tran_timestamp is no time"),
        (PAYMENTS.replace("2,b,z", "2,y,z"), ALERTS.to_owned(), "payments.csv, line 3: orig_acct \"y\" is not among the accounts"),
        (PAYMENTS.replace("2,b,z", "1,b,z"), ALERTS.to_owned(), "the payment 1 is there twice"),
        (PAYMENTS.replace("base_amt", "amount"), ALERTS.to_owned(), "payments.csv, line 2: base_amt is missing"),
        (PAYMENTS[..PAYMENTS.find('\n').unwrap()].to_owned(), ALERTS.to_owned(), "there is no payment"),
        (PAYMENTS.to_owned(), ALERTS.replace("True,8", "True,80"), "alerts.csv, line 9: there is no payment 80"),
        (PAYMENTS.to_owned(), ALERTS.replace("True,8", "yes,8"), "alerts.csv, line 9: is_sar is \"yes\""),
    ];
    for (payments, alerts, expected) in cases {
        let (folder, args) = files(&payments, &alerts, ACCOUNTS);
        let error = run(&args).unwrap_err();
        assert!(error.to_string().contains(expected), "{error} is not {expected}");
        assert_eq!(error.downcast_ref::<Exit>().unwrap().code, crate::exit::BAD_INPUT);
        std::fs::remove_dir_all(folder).unwrap();
    }
    let (folder, args) = files(PAYMENTS, ALERTS, ACCOUNTS);
    let gone = Args { alerts: Path::new("/nowhere/alerts.csv").to_owned(), ..args.clone() };
    assert!(run(&gone).unwrap_err().to_string().starts_with("/nowhere/alerts.csv: it can't be opened"));
    let unknown = Args { set: vec!["fan_in.speed=3".parse().unwrap()], ..args.clone() };
    let error = run(&unknown).unwrap_err();
    assert_eq!(
        (error.downcast_ref::<Exit>().unwrap().code, error.to_string().starts_with("fan_in: \"speed\" is no parameter")),
        (USAGE, true)
    );
    let gate = Args { rules: vec![RuleId::VelocityCount], ..args };
    assert_eq!(run(&gate).unwrap_err().downcast_ref::<Exit>().unwrap().code, USAGE);
    std::fs::remove_dir_all(folder).unwrap();
}
