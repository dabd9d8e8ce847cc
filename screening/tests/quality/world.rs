//! Names of people who are on no list: first and last names of a region, put together by chance.

use super::chance::Chance;

/// First names, then last names.
pub(crate) const REGIONS: [(&str, &str); 14] = [
    (
        "Awa Binta Fatoumata Modou Ibou Serigne Pape Khady Ndeye Astou Mbaye Lamine Saliou Djibril Mamadou Aliou Abdou Rokhaya Coumba Sokhna Demba Yoro Samba Ousmane Aminata",
        "Diouf Thiam Seck Ndour Mbengue Wade Niang Gning Diagne Lo Dieng Samb Badji Sagna Mane Diatta Tendeng Kandji Guisse Sylla Diallo Ndiaye Fall Gueye Sarr",
    ),
    (
        "Kouadio Affoue Adjoua Akissi Yapi Konan Amenan Aya Koffi Kouame Bakary Salimata Drissa Moussa Issouf Lacina Nawa Tidiane Siaka Mariam Adama",
        "N'Dri Gnamien Kacou Tano Assi Aka Ehui Brou Zadi Gbagbo Tiemoko Dosso Meite Bamba Doumbia Ouattara Kone Soro Silue Coulibaly Toure Yeo",
    ),
    (
        "Chinedu Ngozi Adaeze Emeka Oluwaseun Babatunde Folake Yetunde Ifeoma Uche Tunde Segun Abimbola Chiamaka Kelechi Musa Aisha Garba Hauwa Yakubu Zainab Sunday Blessing",
        "Okonkwo Nwosu Eze Obi Adebayo Ogunleye Balogun Akinola Oyelaran Chukwu Onyeka Abubakar Danjuma Lawal Suleiman Okpara Igwe Ajayi Afolabi Olatunji Bello",
    ),
    (
        "Kwame Kofi Ama Abena Yaw Akosua Esi Kojo Kwabena Efua Adwoa Kwaku Afia Nana Ebo Araba",
        "Mensah Osei Boateng Agyeman Appiah Asare Owusu Amoah Ofori Darko Quaye Tetteh Lartey Ansah Acheampong Sarpong Addo",
    ),
    (
        "Jean-Claude Marie Therese Ngo Paul Biya Samuel Pauline Christelle Serge Landry Boris Arsene Yannick Carine Aurelie Herve Blaise Nadege Armand Gaelle Rodrigue",
        "Tchoupo Nkeng Fotso Kamga Ngassa Tchuente Djoumessi Mbida Owona Abega Ekotto Eboa Njoya Mouafo Bikoro Ndongo Essono Obame Nzue Moussavou Mapangou Ngoma Massamba Loemba",
    ),
    (
        "Tshisekedi Joseph Patient Gloire Dieudonne Espoir Merveille Jolie Fiston Trésor Plamedi Béni Grace Daddy Papy Clarisse Judith Odette",
        "Kasongo Mwamba Ngoy Banza Kazadi Mbuyi Tshimanga Lukusa Nsimba Makiese Bokele Mobinga Lokonga Kanku Mutamba Ntumba Kyungu Mulumba",
    ),
    (
        "Yassine Amine Hicham Nadia Samira Zineb Rachida Mehdi Anass Soufiane Ilham Karima Houda Fouad Mounir Lotfi Slim Rim Wafa Nizar Kais Olfa Riadh Sofiane Farid",
        "Benali Bennani El Fassi Alaoui Berrada Tazi Chraibi Boukhari Trabelsi Gharbi Jlassi Bouazizi Ben Romdhane Mansouri Hamdi Belkacem Boudiaf Meziane Ziani Cherif Haddad Khelifi",
    ),
    (
        "Ahmed Mohamed Mahmoud Hassan Tarek Sherif Dina Mona Heba Khaled Omar Ali Layla Rania Faisal Turki Bandar Nasser Saud Reem Hessa Jassim Zayed Rashid Hamad Bassel Ghassan",
        "El Sayed Fathy Shawky Ramzy Gamal Farouk Al Otaibi Al Harbi Al Qahtani Al Shehri Al Ghamdi Al Mutairi Al Dosari Al Hashemi Al Mazrouei Khoury Haddad Nassar Hariri Darwish Issa Saleh",
    ),
    (
        "Olivier Sandrine Camille Julien Mathilde Antoine Elodie Guillaume Celine Fabrice Thibault Manon Benoit Lucie Maxime Sylvie Ronan Gwenaelle",
        "Lefebvre Garnier Chevalier Fontaine Rousseau Gauthier Perrin Morin Clement Dumont Marchand Renaud Barbier Aubert Lemoine Carpentier Le Goff Delacroix",
    ),
    (
        "Jessica Tyler Brandon Megan Heather Austin Dustin Kyle Brittany Derek Lauren Trevor Cody Whitney Kristen Chad Holly Shane George Walter Ernest",
        "Henderson Coleman Jenkins Perry Powell Long Patterson Hughes Washington Butler Simmons Foster Bryant Alexander Russell Griffin Hayes Bush Carter",
    ),
    (
        "Alejandra Gustavo Ignacio Valentina Santiago Camila Esteban Lucia Joaquin Ximena Thiago Beatriz Larissa Caio Rafaela Gabriel Paola Hector Ramiro",
        "Castillo Vargas Rojas Mendoza Guzman Salazar Delgado Aguilar Cardoso Barbosa Nascimento Rezende Teixeira Moura Figueroa Navarro Molina Contreras",
    ),
    (
        "Artyom Daria Kirill Polina Timofey Ksenia Gleb Vera Ruslan Zhanna Bogdan Oksana Taras Halyna Milan Jelena Zoran Dragan Agnieszka Wojciech Katarzyna",
        "Belov Gusev Tikhonov Sorokin Vinogradov Bogdanov Kovalenko Bondarenko Shevchenko Tkachenko Jovanovic Nikolic Markovic Wisniewski Wojcik Kaminski Zielinski Horvat",
    ),
    (
        "Priya Rohit Sanjay Deepa Vikram Anjali Arjun Lakshmi Suresh Kavita Imran Asif Bilal Sana Nadeem Rubina Tahir Shabnam Farhana Rafiqul Nusrat Kamrul",
        "Reddy Iyer Nair Menon Chatterjee Banerjee Mukherjee Joshi Kulkarni Deshmukh Malik Butt Qureshi Chaudhry Siddiqui Rahman Hossain Islam Akter Chowdhury Mirza Baig",
    ),
    (
        "Haruto Yui Sakura Kenji Minh Linh Thanh Huong Somchai Siriporn Putu Dewi Agus Budi Siti Nurul Jiwon Minseo Weijie Xiaoling Jianguo Meiling Reza Parisa Bahram Shirin Mehran",
        "Yamada Sasaki Matsumoto Inoue Kimura Do Huynh Ngo Duong Srisai Chaiyasit Wijaya Santoso Wibowo Hidayat Kusuma Seo Kwon Hwang Shin Deng Cao Peng Zeng Tehrani Farahani Moradi Karimi Jafari",
    ),
];

/// That many names.
pub(crate) fn names(regions: &[(&'static str, &'static str)], seed: u64, many: usize) -> Vec<String> {
    let mut chance = Chance::new(seed);
    let parts: Vec<(Vec<&str>, Vec<&str>)> = regions.iter().map(|(first, last)| (first.split(' ').collect(), last_names(last))).collect();
    let mut names = std::collections::BTreeSet::new();
    while names.len() < many {
        let (first, last) = chance.one(&parts);
        // Some marry across regions, and some have a second first name or a second last name.
        let (_, other) = chance.one(&parts);
        let last_name = if chance.below(10) == 0 { chance.one(other) } else { chance.one(last) };
        let name = match chance.below(5) {
            0 => format!("{} {} {last_name}", chance.one(first), chance.one(first)),
            1 if chance.below(3) == 0 => format!("{} {last_name} {}", chance.one(first), chance.one(last)),
            _ => format!("{} {last_name}", chance.one(first)),
        };
        names.insert(name);
    }
    names.into_iter().collect()
}

/// Last names of which some have two words.
fn last_names(text: &'static str) -> Vec<&'static str> {
    let mut names = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let words = if ["El ", "Al ", "Ben ", "Le "].iter().any(|particle| rest.starts_with(particle)) { 2 } else { 1 };
        let end = rest.match_indices(' ').nth(words - 1).map_or(rest.len(), |(place, _)| place);
        names.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    names
}
