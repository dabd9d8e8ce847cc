//! Names that are one name: spellings that no folding brings together, and short forms. A line is a group.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Spellings of one name, in different languages and alphabets.
const SPELLINGS: &str = "
mohamed mohammed muhammad mohammad muhammed mohamad muhamad mohamet mahomet mehmet muhammet mokhamed magomed mhmd mohd md muhd mohummad
mamadou mahamadou mouhamadou mamadu amadou ahmadou mouhamad mahamat
ahmed ahmad ahmet achmed akhmed akhmad ahmd ahmat
ali aly alli
hussein hussain husain hossein husayn hussayn hossain houssein houcine hocine hoseyn khusein husein hsyn
hassan hasan hacen hacene assane lassana alassane
mahmoud mahmud mahmood mehmood makhmud mhmwd
mustafa mostafa moustapha mustapha mostapha moustafa mustafah moustapha
youssef yusuf yousuf yousef yussuf youssouf yosef yousif joseph josef jose giuseppe osip jozef iosif
ibrahim ebrahim ibraheem abraham ibrahima brahim avraham ibragim
ismail ismael esmail ismaeel ismaila smail ishmael
yahya yahia yehia john johannes jean juan ivan giovanni johan joao jan ioann ioannis hans yohanna jon johann
musa moussa mousa moosa moses moise moises mose
isa issa eisa
dawud daoud dawood daud david davud
suleiman sulaiman soleiman souleymane sulayman suleyman soliman solomon salomon sulejman
yaqub yakub yacoub yaakov jacob yaqoob yakoub jakub jacques jakob iakov
ishaq ishak isaac isaak
omar umar oumar omer umer
othman osman usman uthman ousmane othmane usmon
khalid khaled halid xalid kalid
karim kareem kerim
rahim raheem rahem
said saeed sayeed saed saiid seyit
hamid hameed
rashid rasheed rachid reshid
jamal gamal djamal cemal jemal
jalal galal celal djalal djelal
jamil gamil djamil cemil
nasir nasser naser nasr
tariq tarek tarik tarique
faisal faysal feisal faycal
khadija khadidja kadidja hatice khadijah kadiatou khadidiatou
aisha aicha ayesha aissatou aysha aishah aissata
fatima fatma fatoumata fatimah fatou fatimata fatemeh
mariam maryam mariama mary maria marie miriam myriam meryem
zainab zeinab zaynab zeynep zeineb
abdullah abdallah abdullahi abdoulaye abdulla abdollah abdalla abdellah abdulah bdallh
abubakar aboubacar abubakr aboubakr abubaker aboubakar boubacar boubakar bubacar abubakir
osama usama oussama usamah ousama
alexander aleksandr alexandre alejandro alessandro aleksander oleksandr alexandr iskander iskandar aleksandar alyaksandr alexandros
michael mikhail michel miguel mikael michal michele mykhailo mihail mikhael mikail
peter pyotr petr pierre pedro pietro piotr petro petar pieter
paul pavel pablo paolo pavlo paulo pawel
nicholas nikolai nicolas nikolay nicola nikola mykola nikolaos nicolae
andrew andrei andrey andre andres andrea andrzej andriy andreas andrej
george georgi georgy georges jorge giorgio georg georgiy yuri yuriy yury iurii jerzy iouri
sergei sergey serge sergio serhiy sergiy serhii
dmitry dmitri dmitriy dimitri dmytro dimitrios
vladimir volodymyr vladimyr wladimir uladzimir
alexei alexey alexis aleksei aleksey oleksii oleksiy alexej
eugene yevgeny evgeny evgeni yevgeniy yevhen eugenio evgeniy yevgeni
victor viktor vittorio
stephen steven stefan etienne stephan esteban stepan stephane
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
james jaime santiago giacomo
anthony antoine antonio anton antony
elizabeth elisabeth elisabetta isabel
catherine katherine ekaterina yekaterina katarina caterina kathryn katerina
helen helena elena yelena helene olena alena
anna ana anne hannah hanna
natalia natalya nataliya natalie nathalie
julia yulia yuliya julie iuliia giulia
theodore fyodor fedor teodoro fiodor
basil vasily vasili vasiliy vasyl
gregory grigory grigori gregorio gregoire hryhoriy
maxim maksim maxime maksym
constantine konstantin constantin kostyantyn
leonid leonide
arkady arkadi arkadiy
gennady gennadi gennadiy
anatoly anatoliy anatoli anatolii
valery valeri valeriy valerii
gaddafi qadhafi kadhafi qaddafi gadhafi kaddafi qadafi khadafi
traore trawore traoure
diallo jallow djallo jalloh dyallo
ouattara watara wattara
nguessan nguesan
kone koneh conde
toure touray tourey
cisse sissay ceesay sise
ba bah
sow soh
ndiaye njie ndiay ndjaye
diop joop jobe
gueye gaye guaye
camara kamara
keita keyta keitah
coulibaly kulibali koulibaly
sissoko sissokho cissokho
diarra jarra djarra
barry bari
bin ben ibn
abu abou aboo
umm oum
chung jung jeong
lee yi rhee
park pak bak
kim gim
choi choe
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

/// Which group of spellings, and which groups of short forms, a word is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Groups {
    spelling: Vec<u16>,
    short: Vec<u16>,
    /// The first word of each of them.
    heads: Vec<&'static str>,
}

/// How two words are variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// Two spellings.
    Spelling,
    /// One is short for the other.
    Short,
}

static TABLE: LazyLock<BTreeMap<&'static str, Groups>> = LazyLock::new(|| {
    let mut table: BTreeMap<&'static str, Groups> = BTreeMap::new();
    for (lines, is_short) in [(SPELLINGS, false), (SHORT, true)] {
        for (number, line) in (0..).zip(lines.lines()) {
            for word in line.split_whitespace() {
                let groups = table.entry(word).or_default();
                if is_short {
                    groups.short.push(number)
                } else {
                    groups.spelling.push(number)
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
    if one.spelling.iter().any(|group| other.spelling.contains(group)) {
        return Some(Variant::Spelling);
    }
    one.short.iter().any(|group| other.short.contains(group)).then_some(Variant::Short)
}
