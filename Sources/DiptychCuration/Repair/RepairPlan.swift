/// What a repair does with texts and rows, beyond what looking at each again says. Only what is changed takes memory, and four
/// bytes a row.
struct RepairPlan {
    /// The image of each row, by part; −1 of rows that have none.
    private(set) var rowImages: [Int: [Int32]] = [:]
    /// Texts that are left out.
    private(set) var leftOut: [Int32: FindingKind] = [:]
    /// Texts that become an earlier one, and whether that is no change.
    private(set) var merged: [Int32: (into: Int32, isSame: Bool)] = [:]
    /// Images that an earlier text describes too.
    private(set) var furtherImages: [Int32: [Int32]] = [:]
    /// Texts that need another id, with their split.
    private(set) var renamed: [Int32: Int] = [:]

    mutating func set(row: Int, of part: Int, image: Int?) {
        var rows = rowImages.removeValue(forKey: part) ?? []
        while rows.count <= row { rows.append(-1) }
        rows[row] = image.map(Int32.init) ?? -1
        rowImages[part] = rows
    }

    mutating func leaveOut(text: Int32, _ kind: FindingKind) { leftOut[text] = kind }

    mutating func merge(text: Int32, into first: Int32, images: [Int], isSame: Bool = false) {
        merged[text] = (first, isSame)
        furtherImages[first, default: []] += images.map(Int32.init)
    }

    mutating func rename(text: Int32, in split: Int) { renamed[text] = split }
}
