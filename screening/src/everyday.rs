//! Names that so many people bear that one of them alone says little: known without any list, as pairs of names have none.

use std::collections::BTreeSet;
use std::sync::LazyLock;

const NAMES: &str = "
mohamed ahmed ali hussein hassan mahmoud mustafa youssef ibrahim ismail musa isa dawud suleiman omar othman khalid karim said hamid rashid
jamal jamil nasir tariq abdullah abubakar osama salem salim saleh salah adel adil amin amir anwar aziz bilal faisal farid fuad habib haidar
hakim hamza hani harun hisham idris imran jaber jafar kamal kassem malik mansour marwan mehdi mubarak murad nabil najib omran qasim rafiq
rahman rahim ramadan reza riad saad sadiq samir sharif tahir taha wahid walid yasin younes zaid ziad khan hussain sheikh begum akhtar iqbal
singh kumar sharma gupta patel das devi lal ram krishna raj
kader malik salam hadi ghani wahab sattar sayed sayyid seyyed agha
mamadou amadou aminata fatima aisha mariam khadija moussa oumar ousmane abdoulaye boubacar souleymane ibrahima seydou adama bakary modou
alassane cheikh diallo traore ouattara kone toure cisse ba sow ndiaye diop gueye camara keita coulibaly sissoko diarra barry bah fall sy sarr
faye kane sall ouedraogo sawadogo zongo konate sidibe dembele fofana sangare kouassi kouame koffi yao konan nguessan kouadio mensah owusu
boateng asante okafor okeke adeyemi ibe eze musa bello abubakar sani usman garba mbarga nkomo ngono fouda essomba atangana mvondo etoundi
mukendi ilunga kabongo tshibanda kalala mutombo nguema obiang ondo mba bongo moukoko makosso
john james robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark donald steven paul andrew
george kenneth edward brian kevin ronald jason jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott frank brandon
benjamin samuel patrick alexander jack peter henry martin simon mary patricia jennifer linda elizabeth barbara susan jessica sarah karen
nancy lisa margaret sandra ashley emily donna michelle carol amanda melissa laura anna helen smith johnson williams brown jones miller
davis wilson anderson taylor moore jackson thompson white lewis clark robinson walker young king wright scott green baker adams nelson hill
roberts campbell evans edwards collins stewart morris rogers cook bell murphy cooper richardson
jean pierre marie michel philippe alain nicolas francois laurent eric patrick christophe daniel bernard thierry pascal claude dupont durand
bernard petit robert richard moreau simon laurent lefevre leroy roux fournier morel girard andre mercier blanc guerin
jose juan luis carlos antonio manuel francisco pedro jesus miguel jorge fernando rafael alejandro ricardo eduardo roberto sergio alberto
javier daniel mario diego maria ana carmen rosa garcia rodriguez martinez hernandez lopez gonzalez perez sanchez ramirez torres flores
rivera gomez diaz cruz morales reyes gutierrez ortiz ramos ruiz silva santos oliveira souza pereira lima costa ferreira
vladimir alexander sergei dmitry andrei alexei nikolai ivan mikhail yuri igor oleg viktor pavel vasily anatoly boris valery evgeny konstantin
maxim denis roman olga elena natalia irina tatiana svetlana ekaterina ivanov petrov smirnov kuznetsov popov vasiliev sokolov mikhailov
fedorov morozov volkov alekseev lebedev semenov egorov pavlov kozlov stepanov nikolaev orlov andreev makarov nikitin zakharov
wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie tang song han feng yu dong wei jun ming
jing xin yan hong hua ping mei lei nguyen tran le pham hoang phan vu vo dang bui do kim lee park choi jung kang cho yoon jang lim
sato suzuki takahashi tanaka watanabe ito yamamoto nakamura kobayashi kato
giuseppe giovanni antonio mario luigi francesco rossi russo ferrari esposito bianchi romano
hans peter wolfgang klaus jurgen muller schmidt schneider fischer weber meyer wagner becker schulz hoffmann
jan piotr andrzej nowak kowalski
";

static EVERYDAY: LazyLock<BTreeSet<String>> = LazyLock::new(|| NAMES.split_whitespace().map(crate::sound::folded).collect());

/// Whether many people bear it, given as it folds.
pub(crate) fn is_everyday(folded: &str) -> bool {
    EVERYDAY.contains(folded)
}
