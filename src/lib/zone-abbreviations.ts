/**
 * Abbreviations of time zones (CET, EDT, JST …) by zone and offset, as the tz database (public domain, 2026) has them for
 * present-day rules. The platform's Intl knows the offsets but only a few of the abbreviations. A zone or offset that is
 * not here has none: Go then prints its offset, as the tz database itself does for most of those.
 */
const TABLE: readonly (readonly [abbreviations: string, zones: string])[] = [
  ['-39600 SST', 'Pacific/Midway Pacific/Pago_Pago Pacific/Samoa US/Samoa'],
  ['-36000 HST', 'HST Pacific/Honolulu Pacific/Johnston US/Hawaii'],
  ['-36000 HST -32400 HDT', 'America/Adak America/Atka US/Aleutian'],
  ['-32400 AKST -28800 AKDT', 'America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka America/Yakutat US/Alaska'],
  ['-28800 PST -25200 PDT', 'America/Ensenada America/Los_Angeles America/Santa_Isabel America/Tijuana America/Vancouver Canada/Pacific'],
  ['-28800 PST -25200 PDT', 'Mexico/BajaNorte PST8PDT US/Pacific'],
  ['-25200 MST', 'America/Creston America/Dawson America/Dawson_Creek America/Fort_Nelson America/Hermosillo America/Mazatlan'],
  ['-25200 MST', 'America/Phoenix America/Whitehorse Canada/Yukon MST Mexico/BajaSur US/Arizona'],
  ['-25200 MST -21600 MDT', 'America/Boise America/Cambridge_Bay America/Ciudad_Juarez America/Denver America/Edmonton America/Inuvik'],
  ['-25200 MST -21600 MDT', 'America/Shiprock America/Yellowknife Canada/Mountain MST7MDT Navajo US/Mountain'],
  ['-21600 CST', 'America/Bahia_Banderas America/Belize America/Chihuahua America/Costa_Rica America/El_Salvador America/Guatemala'],
  ['-21600 CST', 'America/Managua America/Merida America/Mexico_City America/Monterrey America/Regina America/Swift_Current'],
  ['-21600 CST', 'America/Tegucigalpa Canada/Saskatchewan Mexico/General'],
  [
    '-21600 CST -18000 CDT',
    'America/Chicago America/Indiana/Knox America/Indiana/Tell_City America/Knox_IN America/Matamoros America/Menominee',
  ],
  ['-21600 CST -18000 CDT', 'America/North_Dakota/Beulah America/North_Dakota/Center America/North_Dakota/New_Salem America/Ojinaga'],
  ['-21600 CST -18000 CDT', 'America/Rainy_River America/Rankin_Inlet America/Resolute America/Winnipeg CST6CDT Canada/Central US/Central'],
  ['-21600 CST -18000 CDT', 'US/Indiana-Starke'],
  ['-18000 CST -14400 CDT', 'America/Havana Cuba'],
  ['-18000 EST', 'America/Atikokan America/Cancun America/Cayman America/Coral_Harbour America/Jamaica America/Panama EST Jamaica'],
  ['-18000 EST -14400 EDT', 'America/Detroit America/Fort_Wayne America/Grand_Turk America/Indiana/Indianapolis America/Indiana/Marengo'],
  ['-18000 EST -14400 EDT', 'America/Indiana/Petersburg America/Indiana/Vevay America/Indiana/Vincennes America/Indiana/Winamac'],
  [
    '-18000 EST -14400 EDT',
    'America/Indianapolis America/Iqaluit America/Kentucky/Louisville America/Kentucky/Monticello America/Louisville',
  ],
  ['-18000 EST -14400 EDT', 'America/Montreal America/Nassau America/New_York America/Nipigon America/Pangnirtung America/Port-au-Prince'],
  ['-18000 EST -14400 EDT', 'America/Thunder_Bay America/Toronto Canada/Eastern EST5EDT US/East-Indiana US/Eastern US/Michigan'],
  ['-14400 AST', 'America/Anguilla America/Antigua America/Aruba America/Barbados America/Blanc-Sablon America/Curacao America/Dominica'],
  ['-14400 AST', 'America/Grenada America/Guadeloupe America/Kralendijk America/Lower_Princes America/Marigot America/Martinique'],
  ['-14400 AST', 'America/Montserrat America/Port_of_Spain America/Puerto_Rico America/Santo_Domingo America/St_Barthelemy'],
  ['-14400 AST', 'America/St_Kitts America/St_Lucia America/St_Thomas America/St_Vincent America/Tortola America/Virgin'],
  [
    '-14400 AST -10800 ADT',
    'America/Glace_Bay America/Goose_Bay America/Halifax America/Moncton America/Thule Atlantic/Bermuda Canada/Atlantic',
  ],
  ['-12600 NST -9000 NDT', 'America/St_Johns Canada/Newfoundland'],
  ['0 GMT', 'Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar Africa/Freetown'],
  ['0 GMT', 'Africa/Lome Africa/Monrovia Africa/Nouakchott Africa/Ouagadougou Africa/Sao_Tome Africa/Timbuktu America/Danmarkshavn'],
  ['0 GMT', 'Atlantic/Reykjavik Atlantic/St_Helena GMT GMT+0 GMT-0 GMT0 Greenwich Iceland'],
  ['0 GMT 3600 BST', 'Europe/Belfast Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/London GB GB-Eire'],
  ['0 GMT 3600 IST', 'Eire Europe/Dublin'],
  ['0 WET 3600 WEST', 'Atlantic/Canary Atlantic/Faeroe Atlantic/Faroe Atlantic/Madeira Europe/Lisbon Portugal WET'],
  ['3600 CET', 'Africa/Algiers Africa/Tunis'],
  [
    '3600 CET 7200 CEST',
    'Africa/Ceuta Arctic/Longyearbyen Atlantic/Jan_Mayen CET Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin',
  ],
  [
    '3600 CET 7200 CEST',
    'Europe/Bratislava Europe/Brussels Europe/Budapest Europe/Busingen Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana',
  ],
  [
    '3600 CET 7200 CEST',
    'Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo Europe/Paris Europe/Podgorica Europe/Prague',
  ],
  [
    '3600 CET 7200 CEST',
    'Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican',
  ],
  ['3600 CET 7200 CEST', 'Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich Poland'],
  ['3600 MET 7200 MEST', 'MET'],
  ['3600 WAT', 'Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville Africa/Luanda'],
  ['3600 WAT', 'Africa/Malabo Africa/Ndjamena Africa/Niamey Africa/Porto-Novo'],
  ['7200 CAT', 'Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Juba Africa/Khartoum Africa/Kigali'],
  ['7200 CAT', 'Africa/Lubumbashi Africa/Lusaka Africa/Maputo Africa/Windhoek'],
  ['7200 EET', 'Africa/Tripoli Europe/Kaliningrad Libya'],
  [
    '7200 EET 10800 EEST',
    'Africa/Cairo Asia/Beirut Asia/Famagusta Asia/Gaza Asia/Hebron Asia/Nicosia EET Egypt Europe/Athens Europe/Bucharest',
  ],
  [
    '7200 EET 10800 EEST',
    'Europe/Chisinau Europe/Helsinki Europe/Kiev Europe/Kyiv Europe/Mariehamn Europe/Nicosia Europe/Riga Europe/Sofia',
  ],
  ['7200 EET 10800 EEST', 'Europe/Tallinn Europe/Tiraspol Europe/Uzhgorod Europe/Vilnius Europe/Zaporozhye'],
  ['7200 IST 10800 IDT', 'Asia/Jerusalem Asia/Tel_Aviv Israel'],
  ['7200 SAST', 'Africa/Johannesburg Africa/Maseru Africa/Mbabane'],
  ['10800 EAT', 'Africa/Addis_Ababa Africa/Asmara Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala Africa/Mogadishu'],
  ['10800 EAT', 'Africa/Nairobi Indian/Antananarivo Indian/Comoro Indian/Mayotte'],
  ['10800 MSK', 'Europe/Kirov Europe/Moscow Europe/Simferopol Europe/Volgograd W-SU'],
  ['18000 PKT', 'Asia/Karachi'],
  ['19800 IST', 'Asia/Calcutta Asia/Kolkata'],
  ['25200 WIB', 'Asia/Jakarta Asia/Pontianak'],
  ['28800 AWST', 'Australia/Perth Australia/West'],
  ['28800 CST', 'Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Macao Asia/Macau Asia/Shanghai Asia/Taipei PRC ROC'],
  ['28800 HKT', 'Asia/Hong_Kong Hongkong'],
  ['28800 PST', 'Asia/Manila'],
  ['28800 WITA', 'Asia/Makassar Asia/Ujung_Pandang'],
  ['32400 JST', 'Asia/Tokyo Japan'],
  ['32400 KST', 'Asia/Pyongyang Asia/Seoul ROK'],
  ['32400 WIT', 'Asia/Jayapura'],
  ['34200 ACST', 'Australia/Darwin Australia/North'],
  ['34200 ACST 37800 ACDT', 'Australia/Adelaide Australia/Broken_Hill Australia/South Australia/Yancowinna'],
  ['36000 AEST', 'Australia/Brisbane Australia/Lindeman Australia/Queensland'],
  ['36000 AEST 39600 AEDT', 'Antarctica/Macquarie Australia/ACT Australia/Canberra Australia/Currie Australia/Hobart Australia/Melbourne'],
  ['36000 AEST 39600 AEDT', 'Australia/NSW Australia/Sydney Australia/Tasmania Australia/Victoria'],
  ['36000 ChST', 'Pacific/Guam Pacific/Saipan'],
  ['43200 NZST 46800 NZDT', 'Antarctica/McMurdo Antarctica/South_Pole NZ Pacific/Auckland'],
];

const BY_ZONE = new Map<string, string>();
for (const [abbreviations, zones] of TABLE) for (const zone of zones.split(' ')) BY_ZONE.set(zone, abbreviations);

/** The abbreviation in force in the zone when it is `offsetSeconds` east of UTC, or null. */
export function zoneAbbreviation(zone: string, offsetSeconds: number): string | null {
  const words = BY_ZONE.get(zone)?.split(' ') ?? [];
  const at = words.indexOf(String(offsetSeconds));
  return at < 0 ? null : (words[at + 1] ?? null);
}
