//! What the last measure is made of and no other: names of people that stand nowhere else here, and spellings that
//! [`crate::mangle`] doesn't know.

/// First names, then last names, as in [`crate::world`].
pub(crate) const REGIONS: [(&str, &str); 13] = [
    (
        "Abdourahmane Maimouna Cheikhou Ndiaga Marieme Elimane Thierno Oulimata Assane Mamour Daba Idrissa Souleymane Bineta Moustapha Alpha Hawa Kadiatou Ibrahima",
        "Ba Sy Ka Dia Kane Tall Ly Thioub Mbodj Faye Cisse Diakite Keita Camara Conde Barry Sow Bah Sidibe Dembele Maiga Cissoko Kante",
    ),
    (
        "Arouna Awa Mahamadou Zalissa Boukary Rasmane Salif Pougbila Wendkuni Noaga Seydou Haoua Abdoulaye Halidou Issaka Mounkaila Ramatou",
        "Ouedraogo Sawadogo Kabore Zongo Compaore Tapsoba Ilboudo Nikiema Kinda Yameogo Issoufou Oumarou Hamani Garba Adamou Seyni",
    ),
    (
        "Olumide Temitope Adebola Chidi Obinna Nnamdi Ijeoma Amaka Sola Funke Ikechukwu Ibrahim Fatima Halima Bashir Umar Maryam Sani Abdullahi Zara",
        "Adeyemi Okafor Nwachukwu Ezekwesili Oladipo Ojo Alabi Mohammed Usman Aliyu Yusuf Shehu Ibrahim Abdullahi Eke Uzor Ndukwe Oni Bakare",
    ),
    (
        "Wanjiru Otieno Achieng Mwangi Njeri Kamau Juma Asha Rehema Baraka Neema Tumaini Abebe Tigist Dawit Selam Hodan Abdi Fartun Liban",
        "Kariuki Odhiambo Ochieng Wambui Mutua Kiprotich Chebet Mushi Mwakyusa Kimaro Tesfaye Haile Bekele Girma Warsame Farah Jama Hersi Ali Nur",
    ),
    (
        "Honorine Ghislain Prosper Emmanuel Chantal Francine Bienvenu Innocent Claudine Jeannette Firmin Crepin Eulalie Hortense Alphonse",
        "Mbarga Atangana Nkolo Ondoua Manga Essomba Ewane Nguema Mba Ella Ndzi Okemba Makaya Mabiala Kabila Mukendi Ilunga Habimana Nkurunziza Uwimana",
    ),
    (
        "Abdelkrim Mourad Nabil Karim Khadija Latifa Samir Rachid Noureddine Leila Hakima Brahim Driss Jamila Abdelhamid Lamia Walid Hatem Imen Moncef",
        "Bouteflika Brahimi Saidi Amrani Idrissi Lahlou Bensaid Benjelloun Kadiri Ouazzani Mabrouk Ayari Chebbi Zouari Bensalem Hamdani Rahmani Toumi Slimani Guerfi",
    ),
    (
        "Abdulaziz Sultan Mansour Noura Abeer Yousef Ibrahim Hussein Abbas Zainab Mustafa Haider Salma Hoda Wael Amr Ziad Fadi Maher Rana Nour Saleh Hani Bilal",
        "Al Zahrani Al Dossary Al Subaie Al Rashidi Al Maktoum Al Nahyan Mansour Ibrahim Abdallah Hassan Mustafa Salman Jaber Hammoud Shaheen Qasim Kanaan Barakat Hamdan Shahin Al Saadi Obeid",
    ),
    (
        "Hasan Mehmet Ayse Emre Zeynep Burak Elif Murat Fatma Serkan Ozlem Ali Huseyin Reza Maryam Mohammad Amir Sara Hamid Farhad Leila Narges",
        "Yilmaz Kaya Demir Celik Sahin Yildiz Arslan Aydin Ozturk Ahmadi Hosseini Mohammadi Rezaei Rahimi Ebrahimi Sadeghi Ghasemi Kazemi Heidari",
    ),
    (
        "Nathalie Philippe Stephane Isabelle Caroline Laurence Matthieu Pascal Aurore Gregory Oliver Harry Charlotte Emma Amelia Ethan Noah Liam Sophie Hannah",
        "Bernard Dubois Moreau Petit Leroy Roux Fournier Mercier Blanc Brown Wilson Taylor Evans Thomas Roberts Walker Wright Thompson White Murphy Kelly Ryan",
    ),
    (
        "Jose Maria Carlos Juan Ana Luis Francisco Pedro Miguel Antonio Manuel Rosa Fernanda Joao Paulo Bruno Mariana Andres Felipe Daniela Jorge",
        "Garcia Martinez Lopez Gonzalez Perez Sanchez Ramirez Torres Flores Rivera Gomez Diaz Silva Santos Oliveira Pereira Costa Almeida Ribeiro Castro Ortiz Suarez",
    ),
    (
        "Sergey Alexander Dmitry Elena Olga Natalia Andrey Mikhail Tatiana Ivan Nikolay Svetlana Maria Yuri Piotr Anna Tomasz Marek Ivana Stefan Marko",
        "Ivanov Petrov Smirnov Kuznetsov Popova Volkov Morozov Lebedev Novikov Kowalski Nowak Lewandowski Dabrowski Petrovic Ilic Popescu Ionescu Melnyk Kravchenko",
    ),
    (
        "Rahul Amit Sunita Pooja Rajesh Neha Vijay Manoj Ayesha Usman Fatima Muhammad Abdul Kamran Hamza Saima Shahid Tariq Nasreen Jahangir Shakil Mizanur",
        "Sharma Gupta Singh Kumar Patel Verma Mishra Das Roy Ghosh Khan Ahmed Hussain Iqbal Raza Shah Akhtar Ali Begum Uddin Miah Sarkar Alam",
    ),
    (
        "Wei Jing Li Min Hui Xin Yan Lei Hiroshi Yuki Takashi Naoko Ji Seung Hyun Soo Duc Hoa Lan Tuan Ahmad Siti Muhammad Aisyah Maria Jose Rizal Ratna",
        "Wang Zhang Liu Chen Yang Zhao Wu Zhou Sato Suzuki Tanaka Watanabe Kim Park Lee Choi Nguyen Tran Pham Hoang Rahman Ismail Abdullah Cruz Reyes Bautista Siregar Nasution",
    ),
];

/// What one language writes and another does not, other than [`crate::mangle::SPELLINGS`].
pub(crate) const SPELLINGS: [(&str, &str); 20] = [
    ("ei", "ai"),
    ("ai", "ay"),
    ("c", "k"),
    ("k", "c"),
    ("gh", "g"),
    ("iy", "y"),
    ("th", "t"),
    ("t", "th"),
    ("z", "s"),
    ("aa", "a"),
    ("a", "e"),
    ("oo", "ou"),
    ("tch", "ch"),
    ("w", "ou"),
    ("mm", "m"),
    ("l", "ll"),
    ("q", "g"),
    ("d", "dh"),
    ("dj", "j"),
    ("ie", "y"),
];
