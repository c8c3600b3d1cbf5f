public import DiptychDatasets
public import DiptychMedia

/// How datasets are checked.
public struct CheckOptions: Sendable {
    /// How files are read as datasets.
    public var reading = DatasetOptions()
    /// How images are decoded.
    public var images = ImageOptions()
    /// How many threads decode; without it, one a processor.
    public var threads: Int?
    /// The cosine from which on two images are near duplicates, where a model is given; 0 to look for none. Without a model, images
    /// are compared by their pixels.
    public var nearDuplicates: Float = 0.97
    /// The number of classes of labels that are numbers; without it, the lines of a file such as `classes.txt` in the dataset's
    /// folder, or what the labels themselves make likely.
    public var classCount: Int?
    /// The most examples of a fault that are reported.
    public var exampleLimit = 10

    /// The usual ones.
    public init() {}
}
