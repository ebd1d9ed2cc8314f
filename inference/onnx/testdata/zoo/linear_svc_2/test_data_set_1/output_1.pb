BprobabilitiesJ•õšÀ»„@˜Ÿ
@~Ú@Æ•?Jı¾E·¢?