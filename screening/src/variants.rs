//! Names that are one name: spellings that no folding brings together, and short forms. A line is a group.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Spellings of one name, in different languages and alphabets.
const SPELLINGS: &str = "
mohamed mohammed muhammad mohammad muhammed mohamad muhamad mohamet mahomet mehmet muhammet mokhamed magomed mhmd mohd md muhd mohummad mohammod muhamed mouhamed
mamadou mahamadou mouhamadou mamadu amadou ahmadou mouhamad mahamat
ahmed ahmad ahmet achmed akhmed akhmad ahmd ahmat achmad
ali aly alli
hussein hussain husain hossein husayn hussayn hossain houssein houcine hocine hoseyn khusein husein hsyn hussien hosain huseyin husseyn
hassan hasan hacen hacene assane lassana alassane hasson
mahmoud mahmud mahmood mehmood makhmud mhmwd mahmut
mustafa mostafa moustapha mustapha mostapha moustafa mustafah
youssef yusuf yousuf yousef yussuf youssouf yusef yusif yousif youcef yusup
joseph josef jozef josip iosif josif yosef yosif
ibrahim ebrahim ibraheem ibrahima ibragim brahim ibrahem ebrahem
ismail ismael esmail ismaeel ismaila smail ismayil esmaeil
yahya yahia yehia yehya
musa moussa mousa moosa
issa isa eisa essa
dawud daoud dawood daud dawod davud daoued
suleiman sulaiman soleiman souleymane sulayman suleyman soliman sulejman slimane sleiman souleiman
yaqub yakub yacoub yaqoob yakoub yacub
ishaq ishak isaaq eshaq
omar umar oumar omer umer
othman osman usman uthman ousmane othmane usmon ossman
khalid khaled halid xalid kalid
karim kareem kerim
rahim raheem rahem
said saeed sayeed saed saiid seyit
hamid hameed hamed
rashid rasheed rachid reshid rashed
jamal gamal djamal cemal jemal
jalal galal celal djalal djelal
jamil gamil djamil cemil jameel
nasir nasser naser nasr nassir
tariq tarek tarik tarique tareq
faisal faysal feisal faycal faissal
khadija khadidja kadidja hatice khadijah kadiatou khadidiatou
aisha aicha ayesha aissatou aysha aishah aissata
fatima fatma fatoumata fatimah fatou fatimata fatemeh fatme
mariam maryam mariama meryem miriam myriam marieme
zainab zeinab zaynab zeynep zeineb
abdullah abdallah abdullahi abdoulaye abdulla abdollah abdalla abdellah abdulah bdallh abdallh
abubakar aboubacar abubakr aboubakr abubaker aboubakar boubacar boubakar bubacar abubakir aboubaker
osama usama oussama usamah ousama osamah
alexander aleksandr alexandre aleksander alexandr aleksandar alyaksandr alexandros oleksandr alexandru
michael mikhail mikhael mikail mykhailo mihail mikhayl
peter pyotr petr piotr petro petar pieter petros
paul pavel pavlo pawel pavlos
nicholas nikolai nicolas nikolay nikola mykola nikolaos nicolae nikolaj
andrew andrei andrey andriy andreas andrej andrii
george georgi georgy georges georg georgiy georgios giorgi
yuri yuriy yury iurii iouri iuri jurij yurii
sergei sergey serge serhiy sergiy serhii siarhei
dmitry dmitri dmitriy dimitri dmytro dimitrios dzmitry dimitry
vladimir volodymyr vladimyr wladimir uladzimir
alexei alexey aleksei aleksey oleksii oleksiy alexej aliaksei
eugene yevgeny evgeny evgeni yevgeniy yevhen evgeniy yevgeni ievgen
victor viktor vittorio viktar
stepan stefan stephan
ivan ioann iwan
anna ana anne hanna
natalia natalya nataliya natalie nathalie
julia yulia yuliya julie iuliia
fyodor fedor fiodor fjodor
vasily vasili vasiliy vasyl wasily vassily
gregory grigory grigori hryhoriy grigoriy
maxim maksim maxime maksym
constantine konstantin constantin kostyantyn konstantinos
leonid leonide
arkady arkadi arkadiy
gennady gennadi gennadiy
anatoly anatoliy anatoli anatolii
valery valeri valeriy valerii
ekaterina yekaterina katerina kateryna
elena yelena olena alena helena
gaddafi qadhafi kadhafi qaddafi gadhafi kaddafi qadafi khadafi qathafi gathafi
traore trawore traoure
diallo jallow djallo jalloh dyallo
ouattara watara wattara
nguessan nguesan
kone koneh
conde konde
toure touray tourey ture
cisse sissay ceesay sise cissé
ba bah
sow soh
ndiaye njie ndiay ndjaye njai
diop joop jobe
gueye gaye guaye
camara kamara
keita keyta keitah
coulibaly kulibali koulibaly
sissoko sissokho cissokho
diarra jarra djarra
barry bari
ndao ndaw
kouyate kuyateh
bin ben ibn bn
abu abou aboo
umm oum
chung jung jeong chong jong
lee yi rhee ri
park pak bak
kim gim
choi choe choy
cho jo joe
kang gang
kwon gwon
yun yoon
";

/// One name in different languages: more often two people than one.
const KINDRED: &str = "
mohamed mamadou
youssef yosef joseph josef jose giuseppe osip jozef iosif jozsef
ibrahim abraham avraham
ismail ishmael
yahya john johannes jean juan ivan giovanni johan joao jan ioann ioannis hans yohanna jon johann ioan janos sean ian jens
musa moses moise moises mose
issa jesus
dawud david davud dawit
suleiman solomon salomon
yaqub yaakov jacob jakub jacques jakob iakov james jaime santiago giacomo diego jacobo
ishaq isaac isaak
mariam mary maria marie
alexander alejandro alessandro iskander iskandar
michael michel miguel mikael michal michele
peter pierre pedro pietro
paul pablo paolo paulo
nicholas nicola nicolo
andrew andre andres andrea andrzej
george jorge giorgio yuri jerzy jiri
sergei sergio
stephen steven etienne esteban stephane stefan stepan istvan
william guillaume wilhelm guillermo willem
charles carlos carl karl carlo karel
henry henri heinrich enrique enrico hendrik
francis francois francisco francesco franz frank
louis luis luigi ludwig
lawrence laurent lorenzo laurence
philip philippe felipe phillip filip filippo
thomas tomas tomasz tommaso
matthew matthieu mateo matteo mathieu matthias matvey
mark marc marco marcos marek marko
luke luc lucas luca lukas
anthony antoine antonio anton antony
elizabeth elisabeth elisabetta isabel
catherine katherine katarina caterina kathryn ekaterina
helen helene elena
hannah anna
julia giulia
theodore teodoro fyodor
basil basile vasily
gregory gregorio gregoire
eugene eugenio
alexis alexei
victor vittorio
daniel daniele danilo
gabriel gabriele
raphael rafael raffaele
robert roberto ruprecht
richard ricardo riccardo
edward edouard eduardo edoardo
";

/// Short forms, and what they are short for.
const SHORT: &str = "
william bill will billy willy liam
robert bob rob robbie bobby bert
richard dick rick ricky rich
james jim jimmy jamie
john johnny jack jon
michael mike mick micky misha
edward ed eddie ted ned
thomas tom tommy
charles charlie chuck
alexander alex sasha alec sacha
nicholas nick nicky kolya nico nicolas
anthony tony
joseph joe joey
elizabeth liz beth betty eliza lisa
margaret maggie peggy meg
catherine kate katie cathy katya
daniel dan danny
david dave
samuel sam sammy
matthew matt
andrew andy drew
stephen steve
christopher chris kris
benjamin benny
francisco paco pancho
jose pepe
dmitry dima
vladimir vova volodya
sergei seryozha
gregory greg
jeffrey jeff
timothy tim
patrick pat
lawrence larry
kenneth ken kenny
ronald ron ronnie
donald donny
raymond ray
frederick fred freddy
leonard leo len
gerald jerry gerry
eugene gene zhenya
theodore teddy
philip phil
peter pete
";

/// Which groups of spellings, of kindred names and of short forms a word is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Groups {
    spelling: Vec<u16>,
    kindred: Vec<u16>,
    short: Vec<u16>,
    /// The first word of each of them.
    heads: Vec<&'static str>,
}

/// How two words are variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// Two spellings.
    Spelling,
    /// What it is in another language.
    Kindred,
    /// One is short for the other.
    Short,
}

static TABLE: LazyLock<BTreeMap<&'static str, Groups>> = LazyLock::new(|| {
    let mut table: BTreeMap<&'static str, Groups> = BTreeMap::new();
    for (lines, variant) in [(SPELLINGS, Variant::Spelling), (KINDRED, Variant::Kindred), (SHORT, Variant::Short)] {
        for (number, line) in (0..).zip(lines.lines()) {
            for word in line.split_whitespace() {
                let groups = table.entry(word).or_default();
                match variant {
                    Variant::Spelling => groups.spelling.push(number),
                    Variant::Kindred => groups.kindred.push(number),
                    Variant::Short => groups.short.push(number),
                }
                groups.heads.extend(line.split(' ').next());
            }
        }
    }
    table
});

/// The groups of a word, if it has any.
pub(crate) fn groups(word: &str) -> Option<&'static Groups> {
    TABLE.get(word)
}

/// Words under which a word is also looked for: the first of each of its groups.
pub(crate) fn heads(groups: Option<&'static Groups>) -> &'static [&'static str] {
    groups.map_or(&[], |groups| groups.heads.as_slice())
}

/// How two words are variants of each other, if they are.
pub(crate) fn variant(one: Option<&Groups>, other: Option<&Groups>) -> Option<Variant> {
    let (one, other) = (one?, other?);
    let both = |of: fn(&Groups) -> &Vec<u16>| of(one).iter().any(|group| of(other).contains(group));
    [(Variant::Spelling, both(|groups| &groups.spelling)), (Variant::Kindred, both(|groups| &groups.kindred))]
        .into_iter()
        .chain([(Variant::Short, both(|groups| &groups.short))])
        .find_map(|(variant, is_so)| is_so.then_some(variant))
}
