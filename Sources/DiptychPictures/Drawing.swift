import DiptychMedia

/// What sample pictures and contact sheets share: an SVG document becomes pixels, and pixels a file.
enum Drawing {
    /// Renders a document that this module wrote, on white.
    static func render(_ document: String) throws(PicturesError) -> Picture {
        do { return try SVGPicture.render(svg: document) } catch { throw .rendering(reason: error.reason) }
    }

    /// Writes a whole JPEG, or PNG where `quality` is nil, or nothing; a file of that name is replaced.
    static func save(_ picture: Picture, to path: String, quality: Int?) throws(PicturesError) {
        do {
            if let quality { try picture.writeJPEG(to: path, quality: quality) } else { try picture.writePNG(to: path) }
        } catch {
            throw .unwritable(path: path, reason: error.reason)
        }
    }
}
