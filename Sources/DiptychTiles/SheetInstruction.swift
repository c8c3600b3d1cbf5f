public import DiptychMedia
public import DiptychReading

/// The line or lines of a sheet that say what to look for.
public struct SheetInstruction: Sendable {
    /// The lines as they were read.
    public let lines: [ReadLine]
    /// The words that they name; empty where nothing could be read.
    public let words: [String]

    /// A line that is less sure is noise.
    private static let leastConfidence: Float = 0.3
    private static let leastHeight = 10

    /// Reads above the tiles, and below them where nothing is named there.
    ///
    /// - Throws: what the reader throws.
    public init(of sheet: Image, layout: TileLayout, by reader: any TextReading) throws {
        let top = layout.boxes.map(\.y).min() ?? 0
        let bottom = layout.boxes.map { $0.y + $0.height }.max() ?? sheet.height
        var found: (lines: [ReadLine], words: [String]) = ([], [])
        for (start, end) in [(0, top), (bottom, sheet.height)] where end - start >= Self.leastHeight {
            let part = try sheet.cropped(
                x: 0, y: Double(start), width: Double(sheet.width), height: Double(end - start))
            let lines = try reader.lines(of: part, mode: .block).filter { $0.confidence >= Self.leastConfidence }
            let words = InstructionWords.words(of: lines.map(\.text))
            if !words.isEmpty {
                found.lines = lines.map { line in
                    var line = line
                    line.box.y += start
                    return line
                }
                found.words = words
                break
            }
        }
        (lines, words) = found
    }

    /// What is said of a sheet whose words cannot be read.
    public static let unread = "no words could be read on the sheet; give them"
}
