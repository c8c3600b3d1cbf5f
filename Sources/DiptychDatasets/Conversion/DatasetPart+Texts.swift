extension DatasetPart {
    /// Whether there is an image, as far as can be told without reading it.
    ///
    /// - Throws: ``DatasetError`` where the part's files cannot be read.
    package func hasImages() throws(DatasetError) -> Bool {
        if case .rows(let rows) = content { return rows.count > 0 }
        var source = try pairs()
        do throws(DatasetError) { return try source.nextImage() != nil } catch {
            // One that is damaged is one.
            guard !error.place.isEmpty else { throw error }
            return true
        }
    }

    /// Whether some text is an image's; images are not read for that.
    ///
    /// - Throws: ``DatasetError`` where the part's files cannot be read.
    package func hasTexts() throws(DatasetError) -> Bool {
        switch content {
        case .chineseClip, .lmdb:
            var source = try pairs()
            while true {
                do throws(DatasetError) {
                    guard let text = try source.nextText() else { return false }
                    if !text.imageIDs.isEmpty { return true }
                } catch { guard !error.place.isEmpty else { throw error } }
            }
        case .rows:
            let rows = try imageRows()
            let columns = rowColumns(rows)
            guard columns.hasTexts else { return false }
            return (0..<rows.count).contains { index in
                (try? rows.row(at: index)).map { !columns.texts(of: $0).isEmpty } ?? false
            }
        }
    }
}
