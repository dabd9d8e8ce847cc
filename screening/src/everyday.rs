//! Names that so many people bear that one of them alone says little: known without any list, as pairs of names have none.

use std::collections::BTreeSet;
use std::sync::LazyLock;

const NAMES: &str = "
mohamed ahmed ali hussein hassan mahmoud mustafa youssef ibrahim ismail musa isa dawud suleiman omar othman khalid karim said hamid rashid
jamal jamil nasir tariq abdullah abubakar osama salem salim saleh salah adel adil amin amir anwar aziz bilal faisal farid fuad habib
haidar hakim hamza hani harun hisham idris imran jaber jafar kamal kassem malik mansour marwan mehdi mubarak murad nabil najib omran qasim
rafiq rahman rahim ramadan reza riad saad sadiq samir sharif tahir taha wahid walid yasin younes zaid ziad khan hussain sheikh begum
akhtar iqbal singh kumar sharma gupta patel das devi lal ram krishna raj kader salam hadi ghani wahab sattar sayed sayyid seyyed agha
mamadou amadou aminata fatima aisha mariam khadija moussa oumar ousmane abdoulaye boubacar souleymane ibrahima seydou adama bakary modou
alassane cheikh diallo traore ouattara kone toure cisse ba sow ndiaye diop gueye camara keita coulibaly sissoko diarra barry bah fall sy
sarr faye kane sall ouedraogo sawadogo zongo konate sidibe dembele fofana sangare kouassi kouame koffi yao konan nguessan kouadio mensah
owusu boateng asante okafor okeke adeyemi ibe eze bello sani usman garba mbarga nkomo ngono fouda essomba atangana mvondo etoundi mukendi
ilunga kabongo tshibanda kalala mutombo nguema obiang ondo mba bongo moukoko makosso john james robert michael william david richard
joseph thomas charles christopher daniel matthew anthony mark donald steven paul andrew george kenneth edward brian kevin ronald jason
jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott frank brandon benjamin samuel patrick alexander jack peter henry
martin simon mary patricia jennifer linda elizabeth barbara susan jessica sarah karen nancy lisa margaret sandra ashley emily donna
michelle carol amanda melissa laura anna helen smith johnson williams brown jones miller davis wilson anderson taylor moore jackson
thompson white lewis clark robinson walker young king wright green baker adams nelson hill roberts campbell evans edwards collins stewart
morris rogers cook bell murphy cooper richardson jean pierre marie michel philippe alain nicolas francois laurent christophe bernard
thierry pascal claude dupont durand petit moreau lefevre leroy roux fournier morel girard andre mercier blanc guerin jose juan luis carlos
antonio manuel francisco pedro jesus miguel jorge fernando rafael alejandro ricardo eduardo roberto sergio alberto javier mario diego
maria ana carmen rosa garcia rodriguez martinez hernandez lopez gonzalez perez sanchez ramirez torres flores rivera gomez diaz cruz
morales reyes gutierrez ortiz ramos ruiz silva santos oliveira souza pereira lima costa ferreira vladimir sergei dmitry andrei alexei
nikolai ivan mikhail yuri igor oleg viktor pavel vasily anatoly boris valery evgeny konstantin maxim denis roman olga elena natalia irina
tatiana svetlana ekaterina ivanov petrov smirnov kuznetsov popov vasiliev sokolov mikhailov fedorov morozov volkov alekseev lebedev
semenov egorov pavlov kozlov stepanov nikolaev orlov andreev makarov nikitin zakharov wang li zhang liu chen yang huang zhao wu zhou xu
sun ma zhu hu guo he lin gao luo zheng liang xie tang song han feng yu dong wei jun ming jing xin yan hong hua ping mei lei nguyen tran le
pham hoang phan vu vo dang bui do kim lee park choi jung kang cho yoon jang lim sato suzuki takahashi tanaka watanabe ito yamamoto
nakamura kobayashi kato giuseppe giovanni luigi francesco rossi russo ferrari esposito bianchi romano hans wolfgang klaus jurgen muller
schmidt schneider fischer weber meyer wagner becker schulz hoffmann jan piotr andrzej nowak kowalski abbas abdul akbar akram alam amina
anas ansari arif asad asghar ashraf asif asim aslam ata atif ayub azam azhar babar badr bakr barakat bashar bashir basim bassam bibi
burhan dariush dina emad emir fadel fadi fahad fahd faiz fakhr faraj farah farhad farooq fathi fawaz fawzi firas fouad ghulam ghazi
habibullah hafez haitham hajj hamad hamed hamdan hamdi hamoud hana hashim hassani hatem hazem hossam huda hosseini imad imam inam irfan
islam issam iyad jabbar jabir jaleel javad jawad javed jumah kabir kamran kareem kazem khalaf khalifa khalil khayat latif laila leila
lotfi lutfi mahdi maher majeed majid mansoor maqsood marwa masood masoud maryam mazen meera mirza moin mona muhsin mohsen mokhtar mounir
mousa mujahid mukhtar munir murtaza muslim mutaz nabeel nadir nadeem nadia naeem nahla naim najm nasim naveed nawaz nazir nidal nizar noor
nour nouri qadir qamar qureshi rabia radwan rafi rahmani raja rajab rami rana rashad rasul rauf razzaq rehman rida rizwan riyad sabah
sabir sabri sadik safi saif sajid salama saleem salman sameer samia sara sarwar shafi shah shahid shaikh shakir shams sharaf shaukat shehu
sherif shukri siddiq siddiqui suhail sultan sumaya syed talal talib tamer tanvir taufiq tawfik thabet umair usama wael waheed wali waseem
wasim yahya yasir yasser yazid yousaf zafar zahid zahir zahra zainab zaki zakaria zakariya zaman zaher zubair zulfiqar abdou adam aicha
aliou alpha ama amadu assane awa aya ayo babacar bakari balla binta blessing chidi chinedu chukwu demba emeka emmanuel fanta fatou
fatoumata gamal gbagbo grace halima haruna idrissa issouf jelani juma kabiru kamau kelechi khadim kofi kojo kwame kwasi lamin lamine lawal
maimouna mariama mbaye mercy mohammadou moustapha mwangi nana nasiru ngozi njoroge obi ochieng ojo okoro olu oluwaseun omari otieno ouma
pape sadio salif sekou serigne sunday tidiane uche umar wanjiru yakubu yaw yusuf danjuma aliyu abdulrahman musah sulemana hadiza rukayat
wanjiku atieno hamisi salum mwinyi ramadhani allen barnes bennett brooks butler carter castle chapman cole coleman cox crawford davies
dixon ellis fisher ford foster fox fraser gibson gordon graham grant gray griffin hall hamilton harris harrison harvey hayes henderson
holmes howard hughes hunt hunter jenkins jordan kelly kennedy knight lawrence long marshall mason matthews mcdonald mitchell murray myers
newman nicholson olson owen palmer parker patterson payne perry peterson phillips pierce porter powell price reed reid reynolds rice
richards riley robertson rose ross russell sanders shaw simmons simpson spencer stone sullivan turner wallace ward warren washington
watson weaver webb wells west wheeler willis woods aaron abigail alan albert alex alice allison amy angela anne arthur austin betty
beverly bruce bryan carl caroline carolyn catherine charlotte cheryl christina christine claire cynthia dean deborah debra denise dennis
diana diane dorothy douglas emma erin evelyn fiona frances fred gabriel gerald gloria gregory hannah harold harry heather ian isaac jane
janet janice jeremy joan joe joel joyce judith judy julia julie keith kimberly kyle leon leslie lily louise lucy marilyn martha max megan
mike monica natalie nathan neil nicole noah oliver olivia oscar pamela paula philip rachel ralph raymond rebecca roger roy ruth samantha
sean sharon shirley sophia sophie stephanie stuart teresa terry theresa timothy tina tom tony tracy victor victoria vincent virginia
walter wayne wendy adrien agnes aline amelie anais arnaud aurelie baptiste beatrice benoit brigitte bruno camille cecile cedric celine
chantal christian claudine clement corinne damien didier dominique elise elodie emilie etienne fabien fabrice florence florian franck
georges gerard gilles guy helene henri herve hugo isabelle jacques jerome josephine julien lionel louis luc lucas lucie madeleine mathieu
maurice maxime mireille monique nathalie noel odile olivier paulette quentin regis remi renee romain sabine sandrine sebastien serge
simone solange stephane suzanne sylvain sylvie thibault valerie virginie xavier yves yvonne zoe bertrand bonnet boyer brun carpentier
charpentier colin dubois dumas duval fabre faure fontaine gaillard garnier gauthier gautier giraud joly lacroix lambert leclerc legrand
lemaire masson perrin picard renard renaud riviere robin roche roussel rousseau vidal adriana agustin alfonso alfredo alicia alonso
alvarez alvaro amparo andrea angel antonia arturo beatriz benito blanca camilo carolina castillo castro catalina cecilia cesar claudia
cristina cristian daniela delgado dolores dominguez emilio enrique ernesto esteban eva fabio felipe fernandez fidel flor francisca
gabriela gerardo german gilberto gonzalo guadalupe guillermo guerrero gustavo hector ignacio ines isabel jaime jimenez joaquin josefa
juana julian julio leonardo leticia lorena lorenzo lucia luisa luz manuela marco marcos margarita mariana marina marta mauricio maximo
medina mendez mendoza mercedes moises molina moreno munoz navarro nieves norma nunez octavio orlando pablo paola paulo pena pilar ramon
raquel raul reinaldo rene rios rivas rocio rodrigo rojas romero ruben rubio salvador santiago sebastian serrano silvia soto suarez susana
tomas valentina vargas vasquez vazquez vega velez vera veronica vicente ximena yolanda aguilar alves andrade araujo barbosa batista
cardoso carvalho cavalcanti correia dias duarte fernandes fonseca freitas gomes goncalves lopes machado marques martins melo mendes
monteiro moreira moura nascimento neves nogueira nunes pinto pires ribeiro rocha rodrigues santana soares sousa teixeira vieira bruna caio
camila fernanda guilherme joao larissa luana marcelo marcia matheus mateus rafaela renata thiago vitor alessandro alessia angelo barbieri
caruso chiara claudio conti davide de emanuele enrico federico ferrara filippo fontana franco gabriele galli gallo giorgia giorgio greco
leone luca marini mariani marino martini massimo matteo mattia mauro michele monti moretti paolo pellegrini pietro ricci riccardo rinaldi
rizzo salvatore serra sofia stefano vincenzo vitale andreas anja bernd birgit dieter ernst erika franz friedrich fritz georg gerhard
hartmann heinrich heinz helga helmut herbert hermann horst ingrid jens joachim johann jorg karl karin katrin kurt lars lena lukas manfred
markus matthias monika otto petra rainer ralf renate rolf silke stefan susanne sven tobias ulrich ursula uwe werner wilhelm bauer braun
fuchs haas hahn herrmann huber kaiser keller klein koch kohler konig kramer kraus kruger kuhn lange lehmann maier mayer meier neumann
peters pohl richter roth sauer schafer scholz schreiber schroder schubert schulte schwarz seidel sommer stein vogel vogt weiss winkler
wolf wolff ziegler zimmermann jansen bakker visser smit meijer mulder bos vos hendriks dekker brouwer dijk jong berg vries johan pieter
willem hendrik cornelis andersen andersson eriksson hansen jensen johansen johansson karlsson larsen larsson lindberg nielsen nilsson
olsen olsson pedersen persson rasmussen svensson sorensen erik nils anders bjorn astrid magnus mikael niklas ole olav per korhonen
virtanen makinen nieminen agnieszka aleksander aleksandra ewa grzegorz jakub jerzy joanna katarzyna krzysztof lewandowski magdalena
malgorzata marcin marek mariusz mazur michal pawel rafal stanislaw szymon tadeusz tomasz wojciech wozniak zbigniew zielinski kowalczyk
kaminski wojcik krawczyk jankowski jiri josef jana petr novak svoboda dvorak horvath kovacs nagy szabo toth istvan laszlo jozsef gabor
zoltan ferenc attila ion ionescu popescu popa radu stan stoica dumitru gheorghe mihai mihaela ioana alexandru constantin florin vasile
nicolae dragan goran ivana jelena jovan jovana luka marija marko milan milica milos nikola petar sasa slobodan zoran petrovic jovanovic
nikolic markovic georgiev dimitrov nikolov todorov stoyanov hristo dimitar georgi yiannis dimitris giorgos kostas nikos eleni papadopoulos
katerina aleksei anton artem daria egor evgeniya galina gennady grigory ilya inna kirill kristina larisa leonid lev lidia lyudmila
nadezhda nikita oksana polina raisa ruslan sergey stanislav tamara timur vadim valentin valeria veronika viktoria vitaly vladislav yana
yaroslav yegor yulia zinaida bogdan taras andriy oleh olha iryna oleksandr shevchenko kovalenko bondarenko tkachenko kravchenko melnyk
boyko baranov belov belyaev bogdanov borisov danilov davydov dmitriev efimov filippov gavrilov gerasimov golubev grigoriev gusev ilyin
isaev karpov kiselev kovalev komarov korolev krylov kuzmin maksimov markov matveev medvedev melnikov mironov nikiforov novikov osipov
polyakov ponomarev romanov ryabov savelyev sergeev sidorov sorokin tarasov tikhonov timofeev titov vinogradov vlasov voronin yakovlev
zaitsev zhukov ahmet aydin ayse arslan baris bulent burak can celik cem cetin demir dogan emine emre erdogan erkan fatih fatma gul hakan
halil hasan huseyin kaya kemal kilic koc mehmet murat oguz omer ozdemir ozturk recep sahin selim serkan suleyman tuncay turan yildirim
yildiz yilmaz zeynep polat aksoy ozkan simsek ahmadi akbari arash asadi azizi bahram ebrahimi fatemeh farzad ghasemi habibi heidari
hossein jafari kamali karimi kazemi masoumeh mohammadi moradi mousavi najafi nazari norouzi rahimi rezaei rostami sadeghi saeid salehi
shahram sharifi soltani zare abhishek ajay akash amit amita ananya anand anil anita anjali anuj arjun arun arvind ashok asha babu bala
bhatt chandra chaudhary deepak dev dinesh gandhi ganesh ghosh gopal gita hari harish iyer jain jayesh joshi kapoor kavita kaur khanna
kiran krishnan kulkarni lakshmi lata mahesh malhotra manish manoj mehta meena menon mishra mohan mukherjee naidu nair nanda nandini
narayan neha nisha nitin pandey pandit parveen pillai pooja prakash pradeep pramod prasad praveen priya puja rahul rajan rajesh rajeev
rakesh ramesh rani ranjan rao rashmi ravi reddy rekha rohit sanjay sanjeev santosh saxena seema sen shankar shanti shetty shyam sinha sita
sneha sonia srinivas subramanian sudhir sunil sunita suresh sushil tiwari trivedi uma usha varma verma vijay vikram vinod vishal vivek
yadav banerjee chatterjee chakraborty biswas mondal sarkar hossain miah uddin khatun akter chowdhury ai an bao bin bo cai chang chao cheng
chi chu chun cui dai dan deng ding du fa fan fang fei fu gang gong guang gui hai hao heng ho hou hsu hui ji jia jian jiang jiao jie jin
kai kun lai lan liao lu mao meng min mo nan ning pan pei peng qi qian qiang qin qing qiu qiao qun ren rong ru rui shan shao shen sheng shi
shu shuai shun si su tai tan tao teng tian tong tu wan wen xi xia xian xiang xiao xing xiong xue yi ye yin ying yong you yuan yue yun ze
zeng zhan zhen zhi zhong zhuang zi zong zou chan cheung chow chung fong fung kwan kwok lam lau law leung lo mak ng poon siu tam tse tsang
wong yeung yip yuen ahn bae baek cha eun gil gu gwon ha heo hwang hyun hye im in jae jeon jeong jo joo ju ki ko koo kwak kwon kyu kyung
moon myung nam no oh ryu sang seo seok seong seung shim shin so son soo sung tae won woo yeon yoo anh binh cuong dat diep duc dung duong
hanh hien hieu hoa hoai hung huong huu huy huynh kien linh luong ly mai manh minh my nga ngo ngoc nhung phong phuc phuong quang quoc quyen
thanh thao thi thu thuy tien tinh toan trang tri trinh truong tuan tung tuyet van viet vinh xuan yen adi agung agus ahmad andi ani ayu
bambang budi dewi dian eko hartono hendra indra joko kurniawan lestari muhammad nur nurul pratama putra putri rahmat ratna rini rizki
santoso sari setiawan siti sri suharto sukma susanto utami wahyu wati wibowo widodo yanto yudi razak azman azmi faizal bautista dela
delacruz aquino villanueva rosario akira daisuke hiroshi hiroki haruto kazuo keiko kenji kenta kumiko makoto mari masahiro mayumi megumi
michiko naoko naoki noriko ryo sakura satoshi shota takashi takeshi tomoko toru yoko yoshiko yuki yumi abe aoki endo fujita fukuda goto
hasegawa hashimoto hayashi hirano honda ikeda inoue ishii ishikawa kimura kondo maeda matsuda matsumoto miura mori morita murakami
nakagawa nakajima nishimura nomura ogawa okada okamoto ono ota saito sakai sakamoto sasaki shimizu takagi takeuchi tamura ueda uchida wada
yamada yamaguchi ghamdi otaibi harbi qahtani shehri zahrani dosari mutairi shammari anazi enezi maliki juhani subaie hashemi hashimi mazrouei nuaimi shamsi ketbi amri balushi rashidi kuwari thani ajmi khalidi jubouri
dulaimi obeidi samarrai bayati masri shami baghdadi sudani iraqi turki kurdi tunisi jazairi maghribi halabi saadi farsi kaabi qasimi suwaidi marri yamashita yoshida
";

static EVERYDAY: LazyLock<BTreeSet<String>> = LazyLock::new(|| NAMES.split_whitespace().map(crate::sound::folded).collect());

static KNOWN: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| NAMES.split_whitespace().collect());

/// Whether it is a name that many people bear, letter by letter.
pub(crate) fn is_known(text: &str) -> bool {
    KNOWN.contains(text)
}

/// Whether many people bear it, given as it folds.
pub(crate) fn is_everyday(folded: &str) -> bool {
    EVERYDAY.contains(folded)
}
